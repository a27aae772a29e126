#include "tidegauge/web/encoded_body.h"

#include <zlib.h>
#include <zstd.h>

#include <stdexcept>

#include "support/catch.h"

using namespace tidegauge::web;

namespace {

/// Pieces of `text` of `size` bytes each.
NextPiece pieces_of(std::string text, std::size_t size) {
  return [text = std::move(text), size, at = std::size_t{0}]() mutable {
    const auto piece = std::string_view(text).substr(at, size);
    at += piece.size();
    return piece;
  };
}

std::string read_all(NextPiece next_piece) {
  std::string all;
  for (auto piece = next_piece(); !piece.empty(); piece = next_piece()) all += piece;
  CHECK(next_piece().empty());
  return all;
}

std::string gunzip(const std::string& bytes, std::size_t size) {
  std::string text(size + 1, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string unzstd(const std::string& bytes, std::size_t size) {
  std::string text(size + 1, '\0');
  const auto length = ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  REQUIRE(ZSTD_isError(length) == 0);
  text.resize(length);
  return text;
}

std::string page() {
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += "container_cpu{id=\"" + std::to_string(i * 7919) + "\"} 1\n";
  return text;
}

}  // namespace

TEST_CASE("an encoded body is the text when it is decoded, whatever the sizes of the pieces") {
  const auto text = page();
  const auto size = GENERATE(std::size_t{1'000}, std::size_t{32'768}, std::size_t{10'000'000});
  const auto gzip = read_all(encode(pieces_of(text, size), Encoding::gzip));
  CHECK(gzip.size() < text.size() / 4);
  CHECK(gunzip(gzip, text.size()) == text);
  const auto zstd = read_all(encode(pieces_of(text, size), Encoding::zstd));
  CHECK(zstd.size() < text.size() / 4);
  CHECK(unzstd(zstd, text.size()) == text);
  CHECK(read_all(encode(pieces_of(text, size), Encoding::identity)) == text);
}

TEST_CASE("an empty body is encoded, too") {
  CHECK(gunzip(read_all(encode(pieces_of("", 1), Encoding::gzip)), 0).empty());
  CHECK(unzstd(read_all(encode(pieces_of("", 1), Encoding::zstd)), 0).empty());
}

TEST_CASE("a shared body is produced once, as far as it is read, for all its readers") {
  int produced = 0;
  const auto body = std::make_shared<SharedBody>([&]() -> std::string_view {
    static const std::vector<std::string> pieces{"a", "b", "c"};
    const auto next = static_cast<std::size_t>(produced);
    return next < pieces.size() ? (++produced, std::string_view(pieces[next])) : std::string_view();
  });
  auto first = SharedBody::read(body);
  auto second = SharedBody::read(body);
  CHECK(first() == "a");
  CHECK(second() == "a");
  CHECK(second() == "b");
  CHECK(produced == 2);
  CHECK(read_all(std::move(first)) == "bc");
  CHECK(read_all(SharedBody::read(body)) == "abc");
  CHECK(read_all(std::move(second)) == "c");
  CHECK(produced == 3);
}

TEST_CASE("a shared body frees what it is made of at its end") {
  const auto source = std::make_shared<int>(0);
  const auto body = std::make_shared<SharedBody>(
      encode([source, left = 3]() mutable -> std::string_view { return left-- > 0 ? "x" : ""; },
             Encoding::gzip));
  CHECK(source.use_count() == 2);
  read_all(SharedBody::read(body));
  CHECK(source.use_count() == 1);
}

TEST_CASE("where producing a shared body fails, no reader takes the part for the whole") {
  const auto body = std::make_shared<SharedBody>([first = true]() mutable -> std::string_view {
    if (!std::exchange(first, false)) throw std::runtime_error("out of ink");
    return "up ";
  });
  for (int reader = 0; reader < 2; ++reader) {
    auto next_piece = SharedBody::read(body);
    CHECK(next_piece() == "up ");
    CHECK_THROWS_AS(next_piece(), std::runtime_error);
  }
}
