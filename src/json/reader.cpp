#include "tidegauge/json/reader.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>

#include <new>

#include "json/bounded_allocator.h"

namespace tidegauge::json {
namespace {

using Pool = rapidjson::MemoryPoolAllocator<BoundedAllocator>;
using TreeDocument = rapidjson::GenericDocument<rapidjson::UTF8<>, Pool, BoundedAllocator>;
using Node = TreeDocument::ValueType;
using NodeMember = Node::Member;

const Node* node_of(const void* node) {
  return static_cast<const Node*>(node);
}

/// A JSON null counts as no value.
Value value_of(const Node& node) {
  return node.IsNull() ? Value() : Value(&node);
}

std::string_view view(const Node& node) {
  return {node.GetString(), node.GetStringLength()};
}

Error syntax_error(rapidjson::ParseErrorCode code, std::size_t at) {
  return {Errc::bad_reply,
          "not JSON at byte " + std::to_string(at) + ": " + rapidjson::GetParseError_En(code)};
}

/// Iterative: nesting costs heap, not stack. Reads a stream, because RapidJSON's reader of texts
/// skips any single byte of a byte order mark.
template <unsigned more_flags>
Result<void> parse_stream(TreeDocument& document, rapidjson::MemoryStream& stream) {
  try {
    document.ParseStream<rapidjson::kParseIterativeFlag | more_flags>(stream);
  } catch (const std::bad_alloc&) {
    return fail(Errc::bad_reply, "takes too much memory");
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

// --- values ---------------------------------------------------------------------------------

bool Value::is_object() const noexcept {
  return node_ != nullptr && node_of(node_)->IsObject();
}

bool Value::is_array() const noexcept {
  return node_ != nullptr && node_of(node_)->IsArray();
}

Value Value::operator[](std::string_view key) const noexcept {
  if (!is_object()) return {};
  const auto& object = *node_of(node_);
  for (auto at = object.MemberEnd(); at != object.MemberBegin();) {
    --at;
    if (view(at->name) == key) return value_of(at->value);
  }
  return {};
}

Range<Member> Value::members() const noexcept {
  if (!is_object()) return {nullptr, nullptr};
  const auto& object = *node_of(node_);
  const auto* const first = object.MemberBegin().operator->();
  return {first, first + object.MemberCount()};
}

Range<Value> Value::elements() const noexcept {
  if (!is_array()) return {nullptr, nullptr};
  const auto& array = *node_of(node_);
  return {array.Begin(), array.End()};
}

std::optional<std::string_view> Value::text_view() const noexcept {
  if (node_ == nullptr || !node_of(node_)->IsString()) return std::nullopt;
  return view(*node_of(node_));
}

std::optional<bool> Value::boolean() const noexcept {
  if (node_ == nullptr || !node_of(node_)->IsBool()) return std::nullopt;
  return node_of(node_)->GetBool();
}

std::optional<double> Value::number() const noexcept {
  if (node_ == nullptr || !node_of(node_)->IsNumber()) return std::nullopt;
  return node_of(node_)->GetDouble();
}

std::optional<std::int64_t> Value::int64() const noexcept {
  if (node_ == nullptr || !node_of(node_)->IsInt64()) return std::nullopt;
  return node_of(node_)->GetInt64();
}

std::optional<std::uint64_t> Value::count() const noexcept {
  if (node_ == nullptr || !node_of(node_)->IsUint64()) return std::nullopt;
  return node_of(node_)->GetUint64();
}

std::optional<std::uint64_t> Value::positive() const noexcept {
  const auto value = count();
  return value == 0U ? std::nullopt : value;
}

std::optional<std::uint64_t> Value::count_or(std::uint64_t standard) const noexcept {
  return is_present() ? count() : std::optional(standard);
}

std::vector<std::pair<std::string, std::string>> Value::texts() const {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [key, value] : members()) {
    if (const auto text = value.text_view()) texts.emplace_back(key, *text);
  }
  sort_by_key(texts, &std::pair<std::string, std::string>::first);
  return texts;
}

template <>
Value Range<Value>::Iterator::operator*() const noexcept {
  return value_of(*node_of(at_));
}

template <>
Range<Value>::Iterator& Range<Value>::Iterator::operator++() noexcept {
  at_ = node_of(at_) + 1;
  return *this;
}

template <>
Member Range<Member>::Iterator::operator*() const noexcept {
  const auto& member = *static_cast<const NodeMember*>(at_);
  return {.key = view(member.name), .value = value_of(member.value)};
}

template <>
Range<Member>::Iterator& Range<Member>::Iterator::operator++() noexcept {
  at_ = static_cast<const NodeMember*>(at_) + 1;
  return *this;
}

// --- documents ------------------------------------------------------------------------------

struct Document::Tree {
  explicit Tree(std::size_t max_bytes) : memory(max_bytes) {}

  BoundedAllocator memory;
  Pool pool{std::size_t{16} * 1024, &memory};
  TreeDocument document{&pool, 1024, &memory};
};

Document::Document(std::unique_ptr<Tree> tree) noexcept : tree_(std::move(tree)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string_view text, std::size_t max_bytes) {
  auto tree = std::make_unique<Tree>(max_bytes);
  rapidjson::MemoryStream stream(text.data(), text.size());
  if (auto parsed = parse_stream<rapidjson::kParseNoFlags>(tree->document, stream); !parsed) {
    return fail(parsed.error());
  }
  return Document(std::move(tree));
}

Result<Document> Document::parse_object(std::string_view text, std::size_t max_bytes) {
  auto document = parse(text, max_bytes);
  if (document && !document->root().is_object()) return fail(Errc::bad_reply, "not a JSON object");
  return document;
}

Value Document::root() const noexcept {
  return value_of(tree_->document);
}

Result<void> for_each_element(std::string_view text,
                              const std::function<Result<void>(Value)>& use) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  if (!take(stream, '[')) return fail(Errc::bad_reply, "not a JSON array");
  bool more = !take(stream, ']');
  while (more) {
    Document::Tree element(std::size_t{128} << 20U);
    if (auto parsed = parse_stream<rapidjson::kParseStopWhenDoneFlag>(element.document, stream);
        !parsed) {
      return parsed;
    }
    if (auto used = use(value_of(element.document)); !used) return used;
    more = take(stream, ',');
    if (!more && !take(stream, ']')) {
      return fail(syntax_error(rapidjson::kParseErrorArrayMissCommaOrSquareBracket, stream.Tell()));
    }
  }
  if (next_character(stream) == '\0' && stream.Tell() == text.size()) return {};
  return fail(syntax_error(rapidjson::kParseErrorDocumentRootNotSingular, stream.Tell()));
}

}  // namespace tidegauge::json
