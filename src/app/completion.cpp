#include "app/completion.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "tidegauge/config/manual.h"

namespace tidegauge::app {
namespace {

/// What may follow the name of an option.
enum class Operand : std::uint8_t { none, any_text, file, directory, word, container };

/// Where the operand stands: in the same word behind "=", or there or in the next word.
enum class Place : std::uint8_t { same_word, either_word };

struct Completed {
  std::string name;  ///< "log.level", without the dashes
  std::string text;
  Operand operand = Operand::none;
  Place place = Place::either_word;
  std::vector<std::string> words;  ///< of Operand::word
};

Operand operand_of(const CommandLineOption& row) {
  if (row.argument.empty()) return Operand::none;
  return row.argument == "FILE" ? Operand::file : Operand::container;
}

Operand operand_of(const config::OptionSummary& option) {
  if (!option.choices.empty()) return Operand::word;
  if (option.type == "file") return Operand::file;
  return option.type == "directory" ? Operand::directory : Operand::any_text;
}

std::vector<Completed> all_completed() {
  std::vector<Completed> all;
  for (const auto& row : command_line_options()) {
    all.push_back({.name = std::string(row.name.substr(2)),
                   .text = std::string(row.help),
                   .operand = operand_of(row),
                   .words = {}});
  }
  for (const auto& option : config::option_summaries()) {
    all.push_back({.name = option.path,
                   .text = option.text,
                   .operand = operand_of(option),
                   .place = Place::same_word,
                   .words = option.choices});
  }
  return all;
}

std::string spaced(const std::vector<std::string>& words, const std::string& space = " ") {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : space) + word;
  return out;
}

/// `text` with a backslash in front of each of `special`.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

/// `text` between single quotes, for bash and zsh.
std::string quoted_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string bash_operand(const Completed& option) {
  switch (option.operand) {
    case Operand::file:
      return "_filedir";
    case Operand::directory:
      return "_filedir -d";
    case Operand::word:
      return "COMPREPLY=($(compgen -W " + quoted_word(spaced(option.words)) + " -- \"$cur\"))";
    default:
      return "";
  }
}

std::string zsh_operand(const Completed& option) {
  switch (option.operand) {
    case Operand::none:
      return "";
    case Operand::file:
      return ":file:_files";
    case Operand::directory:
      return ":directory:_files -/";
    case Operand::word:
      return ":value:(" + spaced(option.words) + ")";
    case Operand::container:
      return "::container:";
    case Operand::any_text:
      break;
  }
  return ":value:";
}

/// fish would offer what it takes for an operand in the next word as well, where a setting has
/// none. So settings are words like any other there, but for those whose operand fish itself
/// completes.
std::string fish_option(const Completed& option) {
  const auto dashed = "--" + option.name + "=";
  switch (option.operand) {
    case Operand::file:
      return " -l " + option.name + " -r -F";
    case Operand::directory:
      return " -l " + option.name + " -x -a '(__fish_complete_directories)'";
    case Operand::any_text:
      return " -a '" + dashed + "'";
    case Operand::word:
      return " -a '" + dashed + spaced(option.words, " " + dashed) + "'";
    default:
      return " -l " + option.name;
  }
}

/// How zsh is told where the operand of a setting or of --config stands.
std::string zsh_place(const Completed& option) {
  if (option.place == Place::same_word) return "=-";
  return option.operand == Operand::file ? "=" : "";
}

}  // namespace

std::string print_bash_completion() {
  std::string cases;
  std::string names;
  for (const auto& option : all_completed()) {
    const auto dashed = "--" + option.name;
    if (const auto reply = bash_operand(option); !reply.empty())
      cases.append("    ").append(dashed).append(") ").append(reply).append("; return ;;\n");
    names += "    " + dashed + (option.place == Place::same_word ? "=" : "") + "\n";
  }
  return "# Completion of tidegauge's command line for bash. Printed by app_tests.\n\n"
         "_tidegauge() {\n"
         "  local cur prev words cword split\n"
         "  _init_completion -s || return\n"
         "  case $prev in\n" +
         cases +
         "  esac\n"
         "  $split && return\n"
         "  COMPREPLY=($(compgen -W '\n" +
         names +
         "  ' -- \"$cur\"))\n"
         "  [[ ${COMPREPLY-} != *= ]] || compopt -o nospace\n"
         "} &&\n"
         "  complete -F _tidegauge tidegauge\n";
}

std::string print_zsh_completion() {
  std::string out =
      "#compdef tidegauge\n"
      "# Completion of tidegauge's command line for zsh. Printed by app_tests.\n\n"
      "_arguments";
  for (const auto& option : all_completed()) {
    out += " \\\n  " + quoted_word("--" + option.name + zsh_place(option) + "[" +
                                   escaped(option.text, "[]:\\") + "]" + zsh_operand(option));
  }
  return out + "\n";
}

std::string print_fish_completion() {
  std::string out =
      "# Completion of tidegauge's command line for fish. Printed by app_tests.\n\n"
      "complete -c tidegauge -f\n";
  for (const auto& option : all_completed()) {
    out += "complete -c tidegauge" + fish_option(option) + " -d '" + escaped(option.text, "'\\") +
           "'\n";
  }
  return out;
}

}  // namespace tidegauge::app
