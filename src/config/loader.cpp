#include "tidegauge/config/loader.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include "config/docker_variables.h"
#include "config/endpoint_rules.h"
#include "config/options.h"
#include "config/rules.h"
#include "config/setting.h"
#include "config/suggestions.h"
#include "config/yaml_file.h"

namespace tidegauge::config {
namespace {

constexpr std::string_view variable_prefix = "TIDEGAUGE_";
constexpr std::string_view variable_of_program =
    "TIDEGAUGE_CONFIG";  // names the configuration file
constexpr std::string_view variable_of_unit =
    "TIDEGAUGE_DOCKER_PID_FILE";  // the pid file of the Engine behind Docker's own socket

/// One loading: the sources are read into settings, and the settings applied to the defaults.
class Loading {
 public:
  std::expected<Loaded, std::vector<Mistake>> load(const Sources& sources);

 private:
  void read_variable(std::string_view name, std::string_view value);
  void read_override(const std::string& path, const std::string& value);
  void find_repetitions();
  void choose_endpoints(const Sources& sources);
  void apply_settings();
  void follow_pool_size();
  void follow_directories();
  void follow_docker_process();
  void check_rules();
  void check_metric_groups();
  void check_endpoint();
  void tell_where_addresses_are_from();

  [[nodiscard]] Origin origin_of(const Option* option) const;
  [[nodiscard]] std::string described(const Option& option) const;

  FileContent file_;
  DockerVariables docker_;
  std::string_view runtime_directories_;  ///< as systemd says them
  std::string_view state_directories_;    ///< likewise
  std::string_view docker_pid_file_;      ///< as the unit says it
  std::vector<Setting> settings_;         ///< of all sources, from the weakest to the strongest
  std::map<const Option*, Origin> set_by_;
  std::set<const Option*> broken_;  ///< options whose value is not valid
  Loaded loaded_;
  MistakeList mistakes_;
};

std::expected<Loaded, std::vector<Mistake>> Loading::load(const Sources& sources) {
  if (!sources.file.empty()) file_ = read_yaml_file(sources.file, mistakes_);
  settings_ = file_.settings;
  for (const std::string_view assignment : sources.environment) {
    const auto equals = std::min(assignment.find('='), assignment.size());
    read_variable(assignment.substr(0, equals),
                  assignment.substr(std::min(equals + 1, assignment.size())));
  }
  for (const auto& [path, value] : sources.overrides) read_override(path, value);
  find_repetitions();
  choose_endpoints(sources);
  apply_settings();
  follow_pool_size();
  follow_directories();
  follow_docker_process();
  if (file_.complete) check_rules();
  check_metric_groups();
  check_endpoint();
  tell_where_addresses_are_from();
  if (!mistakes_.empty()) return std::unexpected(mistakes_.sorted());
  return std::move(loaded_);
}

std::string trimmed(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  return std::string(text.substr(first, text.find_last_not_of(' ') + 1 - first));
}

/// Text from outside a file, where a list stands on one line with commas.
Value value_from(const Option& option, std::string_view text) {
  if (!option.is_list) return std::string(text);
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    items.push_back(trimmed(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

void Loading::read_variable(std::string_view name, std::string_view value) {
  docker_.read(name, value);
  if (name == "RUNTIME_DIRECTORY") runtime_directories_ = value;
  if (name == "STATE_DIRECTORY") state_directories_ = value;
  if (name == variable_of_unit) docker_pid_file_ = value;
  if (!name.starts_with(variable_prefix) || name == variable_of_program ||
      name == variable_of_unit) {
    return;
  }
  const Origin origin{Origin::Source::environment, 0, std::string(name)};
  std::vector<std::string> known;
  for (const auto& option : options()) {
    for (const auto& spelling : option.spellings()) {
      known.push_back(environment_variable(spelling));
      if (known.back() != name) continue;
      settings_.push_back({&option, spelling, origin, value_from(option, value)});
      return;
    }
  }
  for (const auto& [group, word, optional] : metric_group_names) {
    if (optional == nullptr ||
        name != environment_variable("container_monitor." + std::string(word)))
      continue;
    mistakes_.add(origin, "is the variable of no option; did you mean TIDEGAUGE_METRICS_ENABLE=" +
                              std::string(word) + "?");
    return;
  }
  const auto near = closest(name, known);
  mistakes_.add(origin, "is the variable of no option; " +
                            (near ? "did you mean " + *near + "?"
                                  : "allowed: TIDEGAUGE_SECTION_OPTION, as " + known.front()));
}

void Loading::read_override(const std::string& path, const std::string& value) {
  const Origin origin{Origin::Source::command_line, 0, "--" + path};
  if (const auto* option = find_option(path)) {
    settings_.push_back({option, path, origin, value_from(*option, value)});
    return;
  }
  std::vector<std::string> known;
  for (const auto& option : options()) known.push_back(option.path);
  const auto near = closest(path, known);
  const auto name = path.substr(path.find('.') + 1);
  if (is_optional_group(name)) {
    return mistakes_.add(origin, "is no option; did you mean --metrics.enable=" + name + "?");
  }
  mistakes_.add(origin,
                near ? "is no option; did you mean --" + *near + "?"
                     : "is no option; allowed: --SECTION.OPTION=VALUE, as --" + known.front());
}

/// A file and the environment have no order in which the later could mean to correct the earlier.
void Loading::find_repetitions() {
  std::map<std::pair<const Option*, Origin::Source>, const Setting*> first_of;
  for (const auto& setting : settings_) {
    if (setting.origin.source == Origin::Source::command_line) continue;
    const auto [entry, is_new] =
        first_of.emplace(std::pair(setting.option, setting.origin.source), &setting);
    if (is_new) continue;
    const auto& first = *entry->second;
    const bool same_name = first.spelling == setting.spelling;
    mistakes_.add(setting.origin, setting.spelling + ": " +
                                      (same_name ? "is set already, at "
                                                 : "means the same as " + first.spelling + " at ") +
                                      first.origin.where + "; keep one of them");
  }
}

/// The list `endpoints` stands alone; the short form is overridden by DOCKER_HOST where nothing
/// stronger sets it, so that it may come last.
void Loading::choose_endpoints(const Sources& sources) {
  const auto* const address = find_option(endpoint_path);
  std::map<const Option*, Origin::Source> strongest;
  for (const auto& setting : settings_) {
    if (!setting.option->describes_endpoint) continue;
    auto& source = strongest[setting.option];
    source = std::max(source, setting.origin.source);
    if (!file_.endpoints) continue;
    mistakes_.add(setting.origin, setting.spelling + ": does not go with the list endpoints at " +
                                      file_.endpoints->origin.where + "; keep one of them");
  }
  const auto may_set = [&](const Option* option) {
    return strongest[option] < Origin::Source::docker_host;
  };
  if (file_.endpoints) {
    if (docker_.name_engine()) {
      loaded_.warnings.push_back("DOCKER_HOST is ignored: the list endpoints at " +
                                 file_.endpoints->origin.where + " says which Engines to watch");
    }
  } else if (docker_.name_engine()) {
    if (!may_set(address)) return;
    for (auto& setting : docker_.settings()) {
      if (may_set(setting.option)) settings_.push_back(std::move(setting));
    }
  } else if (!strongest.contains(address) && !sources.found_socket.empty()) {
    const Origin origin{Origin::Source::built_in, 0, "found"};
    settings_.push_back({address, std::string(endpoint_path), origin, sources.found_socket});
  }
}

Parsed<void> apply(const Setting& setting, Config& config) {
  if (!setting.value) return std::unexpected(setting.value.error());
  return setting.option->set(config, *setting.value);
}

void Loading::apply_settings() {
  for (const auto& setting : settings_) {
    const auto& origin = setting.origin;
    set_by_[setting.option] = origin;
    const auto applied = apply(setting, loaded_.config);
    if (applied) continue;
    broken_.insert(setting.option);
    mistakes_.add(origin, (origin.source == Origin::Source::file ? setting.spelling + ": " : "") +
                              applied.error() + "; allowed: " + setting.option->allowed);
  }
  if (file_.endpoints) loaded_.config.endpoints = file_.endpoints->entries;
}

/// A smaller pool alone must not need a second option beside it.
void Loading::follow_pool_size() {
  if (set_by_.contains(find_option(in_flight_path))) return;
  auto& in_flight = loaded_.config.container_monitor.max_in_flight;
  in_flight = std::min(in_flight, loaded_.config.pool.max_connections);
}

/// systemd names every RuntimeDirectory= and StateDirectory= of the unit, with colons between.
void Loading::follow_directories() {
  const auto follow = [](std::string& directory, std::string_view directories) {
    const auto first = directories.substr(0, directories.find(':'));
    if (directory.empty() && first.starts_with('/')) directory = first;
  };
  follow(loaded_.config.path.runtime, runtime_directories_);
  follow(loaded_.config.container_monitor.state_directory, state_directories_);
}

/// Docker's packages let systemd listen on this socket, which starts the Engine when somebody
/// connects. The variable is about that socket alone: a unit may set it, whichever Engines the
/// configuration names.
void Loading::follow_docker_process() {
  if (!docker_pid_file_.starts_with('/')) return;
  for (auto& endpoint : loaded_.config.endpoints) {
    const auto address = to_string(endpoint.address);
    const bool is_docker =
        address == "unix:///var/run/docker.sock" || address == "unix:///run/docker.sock";
    if (is_docker && endpoint.engine_pid_file.empty()) endpoint.engine_pid_file = docker_pid_file_;
  }
}

void Loading::check_rules() {
  for (const auto& rule : rules()) {
    const auto* lesser = find_option(rule.lesser);
    const auto* greater = find_option(rule.greater);
    if (broken_.contains(lesser) || broken_.contains(greater)) continue;
    if (rule.holds(loaded_.config)) continue;
    mistakes_.add(std::max(origin_of(lesser), origin_of(greater)),
                  described(*lesser) + " must be " + std::string(rule.relation) + " " +
                      described(*greater) + ": " + std::string(rule.why) + "; lower " +
                      lesser->path + " or raise " + greater->path);
  }
}

/// No group is enabled and disabled at the same time.
void Loading::check_metric_groups() {
  const auto* const enable = find_option("metrics.enable");
  const auto* const disable = find_option("metrics.disable");
  const auto& metrics = loaded_.config.metrics;
  for (const auto group : metrics.enable) {
    if (!contains(metrics.disable, group)) continue;
    mistakes_.add(std::max(origin_of(enable), origin_of(disable)),
                  std::string(name_of(group).name) + " is in " + described(*enable) + " and in " +
                      described(*disable) + "; keep one of them");
  }
}

/// The list has been checked as it was read.
void Loading::check_endpoint() {
  const auto is_broken = [](const Option* option) { return option->describes_endpoint; };
  if (file_.endpoints || std::ranges::any_of(broken_, is_broken)) return;
  for (const auto& [name, what] : endpoint_mistakes(loaded_.config.endpoints.front())) {
    const auto path = "pool." + name;
    const auto origin = origin_of(find_option(path));
    std::string told;
    if (origin.source == Origin::Source::file) told.append(path).append(": ");
    mistakes_.add(origin, told.append(what));
  }
}

void Loading::tell_where_addresses_are_from() {
  const auto from =
      file_.endpoints ? file_.endpoints->origin : origin_of(find_option(endpoint_path));
  loaded_.addresses_from = from.where;
}

Origin Loading::origin_of(const Option* option) const {
  const auto found = set_by_.find(option);
  return found == set_by_.end() ? Origin{} : found->second;
}

/// "pool.min_connections (8, config.yaml:3)".
std::string Loading::described(const Option& option) const {
  return option.path + " (" + one_line(option.get(loaded_.config)) + ", " +
         origin_of(&option).where + ")";
}

}  // namespace

std::expected<Loaded, std::vector<Mistake>> load(const Sources& sources) {
  return Loading().load(sources);
}

std::string find_engine_socket(const std::string& runtime_directory, const std::string& root) {
  std::vector<std::string> places{root + "/var/run/docker.sock"};
  const auto add = [&](const std::string& directory, std::string_view name) {
    if (!directory.empty()) places.push_back(directory + std::string(name));
  };
  add(runtime_directory, "/docker.sock");
  add(root + "/run", "/podman/podman.sock");
  add(runtime_directory, "/podman/podman.sock");
  const auto found = std::ranges::find_if(places, [](const std::string& place) {
    std::error_code ignored;
    return std::filesystem::is_socket(place, ignored);
  });
  return found == places.end() ? "" : *found;
}

std::string to_string(const std::vector<Mistake>& mistakes) {
  std::string out;
  for (const auto& [where, what] : mistakes) out.append(where).append(": ").append(what) += '\n';
  return out;
}

}  // namespace tidegauge::config
