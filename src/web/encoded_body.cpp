#include "tidegauge/web/encoded_body.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace tidegauge::web {
namespace {

/// Enough for the encoded text of many pieces.
constexpr std::size_t block_bytes = std::size_t{32} * 1024;

class Gzip {
 public:
  Gzip() {
    constexpr int window_bits_of_gzip = 15 + 16;
    constexpr int memory_level = 8;
    if (deflateInit2(&stream_, level, Z_DEFLATED, window_bits_of_gzip, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  void add(std::string_view text, std::string& out) { run(text, Z_NO_FLUSH, out); }
  void finish(std::string& out) { run({}, Z_FINISH, out); }

 private:
  /// The fastest one: the CPU of the host counts more than the bytes. Level 6 makes a page of 200
  /// containers 13 % smaller.
  static constexpr int level = 1;

  void run(std::string_view text, int flush, std::string& out) {
    // zlib does not write to its input; its interface is older than const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    std::array<char, std::size_t{16} * 1024> buffer;  // NOLINT(*-member-init): written by zlib
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = buffer.size();
      deflate(&stream_, flush);
      out.append(buffer.data(), buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
};

class Zstd {
 public:
  Zstd() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  void add(std::string_view text, std::string& out) { run(text, ZSTD_e_continue, out); }
  void finish(std::string& out) { run({}, ZSTD_e_end, out); }

 private:
  static constexpr int level = 1;

  void run(std::string_view text, ZSTD_EndDirective directive, std::string& out) {
    ZSTD_inBuffer input{.src = text.data(), .size = text.size(), .pos = 0};
    std::array<char, std::size_t{16} * 1024> buffer;  // NOLINT(*-member-init): written by zstd
    std::size_t left = 0;
    do {
      ZSTD_outBuffer output{.dst = buffer.data(), .size = buffer.size(), .pos = 0};
      left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
      if (ZSTD_isError(left) != 0) throw std::bad_alloc();  // the only error of valid calls
      out.append(buffer.data(), output.pos);
    } while (directive == ZSTD_e_end ? left > 0 : input.pos < input.size);
  }

  std::unique_ptr<ZSTD_CCtx, decltype([](ZSTD_CCtx* context) { ZSTD_freeCCtx(context); })> context_;
};

template <class Encoder>
class EncodedPieces {
 public:
  explicit EncodedPieces(NextPiece text)
      : text_(std::move(text)), encoder_(std::make_unique<Encoder>()) {}

  std::string_view operator()() {
    piece_.clear();
    while (encoder_ && piece_.size() < block_bytes) {
      const auto text = text_();
      if (!text.empty()) {
        encoder_->add(text, piece_);
      } else {
        encoder_->finish(piece_);
        encoder_.reset();
        text_ = nullptr;  // what the text is made of is not needed any more
      }
    }
    return piece_;
  }

 private:
  NextPiece text_;
  std::unique_ptr<Encoder> encoder_;  ///< null once it has finished
  std::string piece_;
};

}  // namespace

NextPiece encode(NextPiece text, Encoding encoding) {
  switch (encoding) {
    case Encoding::gzip:
      return EncodedPieces<Gzip>(std::move(text));
    case Encoding::zstd:
      return EncodedPieces<Zstd>(std::move(text));
    case Encoding::identity:
      break;
  }
  return text;
}

NextPiece SharedBody::read(std::shared_ptr<SharedBody> body) {
  return [body = std::move(body), index = std::size_t{0},
          current = Piece()]() mutable -> std::string_view {
    current = body->piece(index);
    if (!current) return {};
    ++index;
    return *current;
  };
}

SharedBody::Piece SharedBody::piece(std::size_t index) {
  const MutexLock lock(mutex_);
  while (next_piece_ && pieces_.size() <= index) produce();
  if (index < pieces_.size()) return pieces_[index];
  if (failure_) std::rethrow_exception(failure_);
  return nullptr;
}

void SharedBody::produce() {
  try {
    const auto piece = next_piece_();
    if (!piece.empty()) {
      pieces_.push_back(std::make_shared<const std::string>(piece));
      return;
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
  next_piece_ = nullptr;
}

}  // namespace tidegauge::web
