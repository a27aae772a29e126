#include "docker/json_document.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>

#include <cstdlib>
#include <new>

namespace tidegauge::docker::json {
namespace {

Error syntax_error(rapidjson::ParseErrorCode code, std::size_t at) {
  return {Errc::bad_reply,
          "not JSON at byte " + std::to_string(at) + ": " + rapidjson::GetParseError_En(code)};
}

Error too_much() {
  return {Errc::bad_reply, "takes too much memory"};
}

/// Iterative: nesting costs heap, not stack. From a stream, as RapidJSON would pass over any single
/// byte of a byte order mark in front of a text.
template <unsigned more_flags>
Result<void> parse_stream(Document& document, rapidjson::MemoryStream& stream) {
  try {
    document.ParseStream<rapidjson::kParseIterativeFlag | more_flags>(stream);
  } catch (const std::bad_alloc&) {
    return fail(too_much());
  }
  if (!document.HasParseError()) return {};
  return fail(syntax_error(document.GetParseError(), document.GetErrorOffset()));
}

char next_character(rapidjson::MemoryStream& stream) {
  while (stream.Peek() == ' ' || stream.Peek() == '\n' || stream.Peek() == '\r' ||
         stream.Peek() == '\t') {
    stream.Take();
  }
  return stream.Tell() < stream.size_ ? stream.Peek() : '\0';
}

bool take(rapidjson::MemoryStream& stream, char expected) {
  if (next_character(stream) != expected) return false;
  stream.Take();
  return true;
}

}  // namespace

void BoundedAllocator::take(std::size_t size) {
  if (size > left_) throw std::bad_alloc();
  left_ -= size;
}

void* BoundedAllocator::Malloc(std::size_t size) {
  if (size == 0) return nullptr;
  take(size);
  void* const block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* BoundedAllocator::Realloc(void* block, std::size_t old_size, std::size_t new_size) {
  if (new_size == 0) {
    Free(block);
    return nullptr;
  }
  if (new_size > old_size) take(new_size - old_size);
  void* const moved = std::realloc(block, new_size);
  if (moved == nullptr) throw std::bad_alloc();
  return moved;
}

void BoundedAllocator::Free(void* block) noexcept {
  std::free(block);
}

Result<void> Tree::parse(std::string_view text, rapidjson::Type expected) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  if (auto parsed = parse_stream<rapidjson::kParseNoFlags>(document_, stream); !parsed) {
    return parsed;
  }
  if (document_.GetType() == expected) return {};
  return fail(Errc::bad_reply,
              expected == rapidjson::kObjectType ? "not a JSON object" : "not a JSON array");
}

Result<void> for_each_element(std::string_view text,
                              const std::function<Result<void>(const Value&)>& use) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  if (!take(stream, '[')) return fail(Errc::bad_reply, "not a JSON array");
  bool more = !take(stream, ']');
  while (more) {
    Tree element(std::size_t{128} << 20U);
    if (auto parsed = parse_stream<rapidjson::kParseStopWhenDoneFlag>(element.document_, stream);
        !parsed) {
      return parsed;
    }
    if (auto used = use(element.root()); !used) return used;
    more = take(stream, ',');
    if (!more && !take(stream, ']')) {
      return fail(syntax_error(rapidjson::kParseErrorArrayMissCommaOrSquareBracket, stream.Tell()));
    }
  }
  if (next_character(stream) == '\0' && stream.Tell() == text.size()) return {};
  return fail(syntax_error(rapidjson::kParseErrorDocumentRootNotSingular, stream.Tell()));
}

const Value* member(const Value& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  const std::string_view wanted = key;
  for (auto at = object.MemberEnd(); at != object.MemberBegin();) {
    --at;
    if (view(at->name) == wanted) return at->value.IsNull() ? nullptr : &at->value;
  }
  return nullptr;
}

const Value& object(const Value& parent, const char* key) {
  static const Value nothing(rapidjson::kObjectType);
  const auto* const found = member(parent, key);
  return found != nullptr && found->IsObject() ? *found : nothing;
}

std::string_view view(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::string text(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  return found != nullptr && found->IsString() ? std::string(view(*found)) : std::string();
}

std::optional<std::int64_t> integer(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  if (found == nullptr || !found->IsInt64()) return std::nullopt;
  return found->GetInt64();
}

std::optional<std::uint64_t> count(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  if (found == nullptr || !found->IsUint64()) return std::nullopt;
  return found->GetUint64();
}

std::optional<std::uint64_t> positive(const Value& parent, const char* key) {
  const auto value = count(parent, key);
  return value == 0U ? std::nullopt : value;
}

std::optional<std::uint64_t> count_or(const Value& parent, const char* key,
                                      std::uint64_t standard) {
  return member(parent, key) == nullptr ? std::optional(standard) : count(parent, key);
}

bool flag(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  return found != nullptr && found->IsTrue();
}

std::optional<double> seconds(const Value& parent, const char* nanoseconds_key) {
  const auto nanoseconds = count(parent, nanoseconds_key);
  if (!nanoseconds) return std::nullopt;
  return static_cast<double>(*nanoseconds) * 1e-9;
}

std::vector<std::pair<std::string, std::string>> texts(const Value& object) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [key, value] : object.GetObject()) {
    if (value.IsString()) texts.emplace_back(view(key), view(value));
  }
  sort_by_key(texts, &std::pair<std::string, std::string>::first);
  return texts;
}

}  // namespace tidegauge::docker::json
