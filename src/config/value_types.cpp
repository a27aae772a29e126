#include "config/value_types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "tidegauge/util/utf8.h"

namespace tidegauge::config {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;
  Milliseconds length;
};
constexpr std::array<Unit, 4> units{{{"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};
constexpr std::uint64_t most_milliseconds = 1'000'000'000'000;  // 31 years: sums cannot overflow

/// A type whose values are never lists, from how it reads and writes text.
template <class T, class Parse, class Print>
ValueType<T> scalar_type(const std::string& name, const std::string& allowed, const Parse& parse,
                         const Print& print) {
  return {.name = name,
          .allowed = allowed,
          .parse = [parse](const Value& value) -> Parsed<T> {
            const auto text = scalar(value);
            if (!text) return std::unexpected(text.error());
            return parse(*text);
          },
          .print = [print](const T& value) -> Value { return print(value); }};
}

/// `value` where it lies between the bounds, which are told as they were written.
template <class T>
Parsed<T> within(T value, T low, T high, std::string_view written, std::string_view low_text,
                 std::string_view high_text) {
  const auto told = std::string(written) + " is ";
  if (value < low) return std::unexpected(told + "less than " + std::string(low_text));
  if (value > high) return std::unexpected(told + "more than " + std::string(high_text));
  return value;
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string print_duration(Milliseconds value) {
  if (value == 0ms) return "0";
  std::string out;
  for (const auto& [name, length] : units) {
    if (value < length) continue;
    out += std::to_string(value / length) + std::string(name);
    value %= length;
  }
  return out;
}

/// Takes one "90s" off the front of `text`, in `units[next_unit]` or a smaller one.
std::optional<Milliseconds> take_part(std::string_view& text, std::size_t& next_unit) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto amount = whole_number<std::uint64_t>(text.substr(0, digits));
  if (!amount || *amount > most_milliseconds) return std::nullopt;
  text.remove_prefix(digits);
  const auto name = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
  while (next_unit < units.size() && units.at(next_unit).name != name) ++next_unit;
  if (next_unit == units.size()) return std::nullopt;
  text.remove_prefix(name.size());
  return static_cast<std::int64_t>(*amount) * units.at(next_unit++).length;
}

Parsed<Milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return 0ms;
  if (whole_number<std::uint64_t>(text)) {
    const auto digits = std::string(text);
    return std::unexpected(digits + " has no unit: write " + digits + "s or " + digits + "ms");
  }
  Milliseconds sum{0};
  std::size_t next_unit = 0;
  auto rest = text;
  do {
    const auto part = take_part(rest, next_unit);
    if (!part) {
      return std::unexpected(in_quotes(text) + " is not a duration as 10s, 500ms, 5m or 1m30s");
    }
    sum += *part;
  } while (!rest.empty());
  return sum;
}

Parsed<std::string> parse_socket_path(const std::string& text, std::string_view path) {
  constexpr std::size_t longest_path = 107;  // of sockaddr_un
  if (!path.starts_with('/') || path.ends_with('/')) {
    return std::unexpected(in_quotes(text) + " is not the absolute path of a socket");
  }
  if (path.size() > longest_path) {
    return std::unexpected(in_quotes(text) + " is longer than 107 bytes");
  }
  return text;
}

Parsed<std::string> parse_listen_address(const std::string& text) {
  constexpr std::string_view unix_scheme = "unix://";
  if (text == "systemd") return text;
  if (text.starts_with(unix_scheme)) {
    return parse_socket_path(text, std::string_view(text).substr(unix_scheme.size()));
  }
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return std::unexpected(in_quotes(text) + " has no port");
  const auto host = std::string_view(text).substr(0, colon);
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  const auto inner = bracketed ? host.substr(1, host.size() - 2) : host;
  if (inner.find_first_of("[]/ ") != std::string_view::npos) {
    return std::unexpected(in_quotes(text) + " has no valid host");
  }
  if (!bracketed && inner.find(':') != std::string_view::npos) {
    return std::unexpected(in_quotes(text) + " needs brackets around its IPv6 address");
  }
  if (!whole_number<std::uint16_t>(std::string_view(text).substr(colon + 1))) {
    return std::unexpected(in_quotes(text) + " has no valid port");
  }
  return text;
}

Parsed<std::uint32_t> parse_file_mode(const std::string& text) {
  constexpr std::size_t longest = 4;
  std::uint32_t mode = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, mode, 8);
  if (error != std::errc{} || end != last || text.size() > longest) {
    return std::unexpected(in_quotes(text) + " is not a mode in octal");
  }
  return within<std::uint32_t>(mode, 0600, 0777, text, "0600", "0777");
}

std::string print_file_mode(std::uint32_t mode) {
  std::string digits = "0";
  for (const auto shift : {6U, 3U, 0U}) digits += static_cast<char>('0' + ((mode >> shift) & 7U));
  return digits;
}

Parsed<std::string> parse_group_name(const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  if (!text.starts_with('-') && std::ranges::all_of(text, fits)) return text;
  return std::unexpected(in_quotes(text) + " is not the name of a group");
}

/// `type`, whose value may also be empty.
ValueType<std::string> or_nothing(ValueType<std::string> type) {
  type.allowed += ", or nothing";
  type.parse = [parse_text = type.parse](const Value& value) -> Parsed<std::string> {
    if (value == Value("")) return "";
    return parse_text(value);
  };
  return type;
}

/// Whether the UTF-8 `character` may stand in a YAML file: Unicode keeps U+FDD0 to U+FDEF and the
/// last two of each plane (U+FFFE, U+1FFFF) from being characters, and yaml-cpp replaces them.
bool is_assigned(std::string_view character) {
  if (character.size() == 3 && character.starts_with("\xEF\xB7")) {
    return character[2] < '\x90' || character[2] > '\xAF';
  }
  const auto end = character.substr(character.size() - std::min<std::size_t>(character.size(), 2));
  if (end != "\xBF\xBE" && end != "\xBF\xBF") return true;
  const auto before = static_cast<unsigned char>(character[character.size() - 3]);
  return character.size() == 3 ? before != 0xEF : (before & 0x0FU) != 0x0F;
}

/// Why `text` cannot be a value, if so. What is accepted must come back from `--print-config`.
std::optional<std::string> unfit(std::string_view text) {
  for (auto rest = text; !rest.empty();) {
    const auto length = utf8_character_length(rest);
    if (length == 0 || !is_assigned(rest.substr(0, length))) {
      return in_quotes(text) + " has bytes that are not UTF-8 text";
    }
    if (static_cast<unsigned char>(rest[0]) < 0x20 || rest[0] == 0x7f) {
      return in_quotes(text) + " has a control character";
    }
    rest.remove_prefix(length);
  }
  return std::nullopt;
}

Parsed<std::vector<std::string>> parse_list(const Value& value) {
  const auto* items = std::get_if<std::vector<std::string>>(&value);
  if (items == nullptr) {
    return std::unexpected(in_quotes(std::get<std::string>(value)) + " is not a list");
  }
  for (auto item = items->begin(); item != items->end(); ++item) {
    if (item->empty()) return std::unexpected("an item is empty");
    if (auto why = unfit(*item)) return std::unexpected(*std::move(why));
    if (std::find(items->begin(), item, *item) != item) {
      return std::unexpected(in_quotes(*item) + " is there twice");
    }
  }
  return *items;
}

Parsed<std::vector<std::string>> parse_listen_addresses(const Value& value) {
  constexpr std::size_t most_addresses = 16;
  auto items = value;
  if (std::holds_alternative<std::string>(value)) {
    const auto alone = scalar(value);
    if (!alone) return std::unexpected(alone.error());
    items = std::vector{*alone};
  }
  auto addresses = parse_list(items);
  if (!addresses) return addresses;
  if (addresses->empty()) return std::unexpected("there is no address");
  if (addresses->size() > most_addresses)
    return std::unexpected("there are more than 16 addresses");
  for (const auto& address : *addresses) {
    const auto parsed = parse_listen_address(address);
    if (!parsed) return std::unexpected(parsed.error());
  }
  return addresses;
}

Parsed<std::vector<model::ContainerGlob>> parse_globs(const Value& value) {
  const auto items = parse_list(value);
  if (!items) return std::unexpected(items.error());
  std::vector<model::ContainerGlob> globs;
  for (const auto& item : *items) {
    auto glob = model::parse_container_glob(item);
    if (!glob) return std::unexpected(glob.error().message);
    globs.push_back(*std::move(glob));
  }
  return globs;
}

}  // namespace

Parsed<std::string> scalar(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::unexpected("a list is not possible here");
  if (text->empty()) return std::unexpected("the value is empty");
  if (auto why = unfit(*text)) return std::unexpected(*std::move(why));
  return *text;
}

ValueType<std::uint32_t> number(std::uint32_t low, std::uint32_t high) {
  const auto low_text = std::to_string(low);
  const auto high_text = std::to_string(high);
  const auto parse = [=](const std::string& text) -> Parsed<std::uint32_t> {
    const auto value = whole_number<std::int64_t>(text);
    if (!value) return std::unexpected(in_quotes(text) + " is not a whole number");
    const auto bounded = within<std::int64_t>(*value, low, high, text, low_text, high_text);
    if (!bounded) return std::unexpected(bounded.error());
    return static_cast<std::uint32_t>(*bounded);
  };
  return scalar_type<std::uint32_t>("number", low_text + " to " + high_text, parse,
                                    [](std::uint32_t value) { return std::to_string(value); });
}

ValueType<Milliseconds> duration(Milliseconds low, Milliseconds high) {
  const auto low_text = print_duration(low);
  const auto high_text = print_duration(high);
  const auto parse = [=](const std::string& text) -> Parsed<Milliseconds> {
    const auto value = parse_duration(text);
    if (!value) return value;
    return within(*value, low, high, text, low_text, high_text);
  };
  return scalar_type<Milliseconds>("duration", low_text + " to " + high_text, parse,
                                   print_duration);
}

ValueType<Milliseconds> duration_or_zero(Milliseconds low, Milliseconds high) {
  auto type = duration(low, high);
  type.allowed += ", or 0";
  type.parse = [parse = type.parse](const Value& value) -> Parsed<Milliseconds> {
    if (value == Value("0")) return 0ms;
    return parse(value);
  };
  return type;
}

ValueType<bool> flag() {
  return choice<bool>({{"true", true}, {"false", false}});
}

ValueType<std::vector<std::string>> list_of_text() {
  return {.name = "list of text",
          .allowed = "any number of different texts; none is []",
          .parse = parse_list,
          .print = [](const std::vector<std::string>& items) -> Value { return items; }};
}

ValueType<std::vector<model::ContainerGlob>> list_of_globs() {
  return {.name = "list of globs",
          .allowed = std::string(model::container_glob_forms),
          .parse = parse_globs,
          .print = [](const std::vector<model::ContainerGlob>& globs) -> Value {
            std::vector<std::string> items;
            for (const auto& glob : globs) items.push_back(to_string(glob));
            return items;
          }};
}

ValueType<std::vector<std::string>> listen_addresses() {
  return {.name = "list of addresses",
          .allowed =
              "one to 16 different ones of host:port, [IPv6]:port, :port for every interface, "
              "unix:///path and systemd",
          .parse = parse_listen_addresses,
          .print = [](const std::vector<std::string>& items) -> Value { return items; }};
}

ValueType<std::uint32_t> file_mode() {
  return scalar_type<std::uint32_t>("octal mode", "0600 to 0777", parse_file_mode, print_file_mode);
}

ValueType<std::string> group_name() {
  return or_nothing(scalar_type<std::string>("group", "the name or number of a group",
                                             parse_group_name,
                                             [](const std::string& text) { return text; }));
}

ValueType<std::string> file_path() {
  auto type = or_nothing(absolute_path());
  type.name = "file";
  return type;
}

ValueType<std::string> directory_path() {
  auto type = or_nothing(absolute_path());
  type.name = "directory";
  return type;
}

ValueType<model::EngineAddress> engine_address() {
  const auto parse = [](const std::string& text) -> Parsed<model::EngineAddress> {
    auto address = model::parse_engine_address(text);
    if (address) return *std::move(address);
    const auto& message =
        address.error().message;  // ends with the allowed forms, like every mistake
    return std::unexpected(message.substr(0, message.find("; allowed: ")));
  };
  return scalar_type<model::EngineAddress>(
      "Engine address", std::string(model::engine_address_forms), parse,
      [](const model::EngineAddress& address) { return model::to_string(address); });
}

ValueType<std::string> absolute_path() {
  const auto parse = [](const std::string& text) -> Parsed<std::string> {
    if (text.starts_with('/')) return text;
    return std::unexpected(in_quotes(text) + " is no absolute path");
  };
  return scalar_type<std::string>("path", "an absolute path", parse,
                                  [](const std::string& text) { return text; });
}

ValueType<StatsChoice> stats_choice() {
  return choice<StatsChoice>({{"auto", StatsChoice::automatic},
                              {"engine", StatsChoice::engine},
                              {"kernel", StatsChoice::kernel}});
}

}  // namespace tidegauge::config
