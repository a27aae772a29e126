#pragma once

// A body in pieces that is encoded (gzip, zstd) while it is produced, so that neither the whole
// text nor more than one piece of it is in memory.

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/util/mutex.h"
#include "tidegauge/web/negotiation.h"

namespace tidegauge::web {

/// As `Response::next_piece`: the next piece of a body, empty at its end.
using NextPiece = std::move_only_function<std::string_view()>;

/// The encoded pieces of `text`. Throws std::bad_alloc without memory.
[[nodiscard]] NextPiece encode(NextPiece text, Encoding encoding);

/// A body that is produced at most once, as far as it is read, and read by any number of clients at
/// their own pace. It keeps all pieces: use it for what is small, as an encoded page is.
/// Thread-safe.
class SharedBody {
 public:
  explicit SharedBody(NextPiece next_piece) : next_piece_(std::move(next_piece)) {}

  /// One more reader, from the beginning. The body lives as long as its readers.
  [[nodiscard]] static NextPiece read(std::shared_ptr<SharedBody> body);

 private:
  using Piece = std::shared_ptr<const std::string>;

  /// Null behind the last piece. Where producing a piece throws, all readers that get so far get
  /// the exception.
  Piece piece(std::size_t index) EXCLUDES(mutex_);
  void produce() REQUIRES(mutex_);

  Mutex mutex_;
  NextPiece next_piece_ GUARDED_BY(mutex_);  ///< null once it has ended
  std::exception_ptr failure_ GUARDED_BY(mutex_);
  std::vector<Piece> pieces_ GUARDED_BY(mutex_);
};

}  // namespace tidegauge::web
