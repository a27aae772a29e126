#include "config/options.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tidegauge/util/ascii.h"

namespace tidegauge::config {
namespace {

/// Reaches one member of one section, of a Config that may be const.
template <class Section, class T>
auto in(Section Config::* section, T Section::* member) {
  return [=](auto& config) -> auto& { return config.*section.*member; };
}

template <class T>
constexpr bool is_list = false;
template <class Item>
constexpr bool is_list<std::vector<Item>> = true;

template <class Access, class T>
Option option(const std::string& path, Access access, const ValueType<T>& type,
              const std::string& help, const std::vector<std::string>& aliases = {}) {
  return {.path = path,
          .type = type.name,
          .allowed = type.allowed,
          .help = help,
          .aliases = aliases,
          .is_list = is_list<T>,
          .set = [=](Config& config, const Value& value) -> Parsed<void> {
            auto parsed = type.parse(value);
            if (!parsed) return std::unexpected(parsed.error());
            access(config) = *std::move(parsed);
            return {};
          },
          .get = [=](const Config& config) { return type.print(access(config)); }};
}

std::vector<Option> monitor_options() {
  const auto monitor = [](auto member) { return in(&Config::container_monitor, member); };
  using C = MonitorConfig;
  return {
      option("container_monitor.interval", monitor(&C::interval), duration(1s, 1h),
             "From the start of one cycle to the start of the next."),
      option(
          "container_monitor.peak_interval", monitor(&C::peak_interval), duration_or_zero(1s, 1h),
          "How often memory in use and CPU time alone are read between two cycles, for "
          "container_memory_usage_interval_max_bytes and container_cpu_usage_interval_max_cores: "
          "the highest readings of the last finished container_monitor.interval. With 1s, a burst "
          "of CPU use of 2.5 s shows within 15 %, and one of 1.2 s shows at least 55 % of it. Only "
          "for containers that are sampled from the kernel's files. At most "
          "container_monitor.interval. 0: no readings."),
      option(
          "container_monitor.max_age", monitor(&C::max_age), duration_or_zero(1s, 24h),
          "The age from which on what is known of an Engine is no longer shown, because its "
          "monitor has stopped: the page then has none of its containers, tidegauge_engine_up is "
          "0, and tidegauge_snapshot_stale is 1. At least container_monitor.interval. 0: three "
          "intervals, and at least 10s."),
      option(
          "container_monitor.stats_source", monitor(&C::stats_source), stats_choice(),
          "Who is asked for the resource numbers of containers. auto: the kernel for those whose "
          "cgroup is visible from here, which costs next to nothing, the Engine for the others "
          "and for an Engine that is not on a Unix socket. An Engine in the list `endpoints` may "
          "have a stats_source of its own."),
      option("container_monitor.filesystem_interval", monitor(&C::filesystem_interval),
             duration_or_zero(10s, 24h),
             "How often the writable layer of each running container is measured, one after "
             "another, for container_fs_usage_bytes. The Engine walks through all its files for "
             "that. 0: never."),
      option(std::string(in_flight_path), monitor(&C::max_in_flight), number(1, 256),
             "Calls to one Engine at the same time, to begin with: fewer are made where they only "
             "wait for each other, up to pool.max_connections where more get more answers. At most "
             "pool.max_connections, which is its default as well where that is smaller."),
      option("container_monitor.ghost_window", monitor(&C::ghost_window), duration_or_zero(1s, 24h),
             "How long a removed container is still on the page with its state, exit code and "
             "container_last_seen, and a stopped one with the last of these. 0: not at all."),
      option("container_monitor.counters_kept_for", monitor(&C::counters_kept_for),
             duration(1min, 168h),
             "How long the counters of a name (restarts, exits, ...) go on after its container was "
             "removed, for another of that name to continue them."),
      option(
          "container_monitor.reconcile_interval", monitor(&C::reconcile_interval),
          duration_or_zero(1min, 24h),
          "How often the inventory is held against the Engine's own count of containers, and each "
          "container is inspected for what changes without an event: one after another, those "
          "with a health check every 30 s, in all no more than one a second. 0: never."),
      option("container_monitor.exit_log_lines", monitor(&C::exit_log_lines), number(0, 100),
             "How many of the last lines of a container's log are read when it ends, and kept with "
             "its end, at most 4 KiB of them: with --rm the log is gone a moment later. They may "
             "hold secrets: only the private socket (path.runtime) and clients that had to show "
             "who they are get them. 0: none."),
      option("container_monitor.state_directory", monitor(&C::state_directory), directory_path(),
             "Where the daemon keeps how runs ended and the counters of names, so that a restart "
             "loses neither: one file for each Engine. Empty: the first directory of "
             "$STATE_DIRECTORY, which systemd sets. Without either, both begin anew."),
      option("container_monitor.include", monitor(&C::include), list_of_globs(),
             "Containers that are watched: those that one of these matches; all where there is "
             "none."),
      option("container_monitor.exclude", monitor(&C::exclude), list_of_globs(),
             "Containers that are not watched, though container_monitor.include may match them. "
             "The container's own label has the last word: tidegauge.enable=false takes it off, "
             "tidegauge.enable=true puts it on. One that is not watched is inspected once, counts "
             "in tidegauge_engine_containers, and has no series."),
      option("container_monitor.opt_in", monitor(&C::opt_in), flag(),
             "Whether only containers with the label tidegauge.enable=true are watched, whatever "
             "container_monitor.include and exclude say."),
      option("container_monitor.labels", monitor(&C::labels), list_of_text(),
             "The container labels that are exported, as container_label_*. Each value of each "
             "label makes series of its own: name few. A container may name more of its own, by "
             "the label tidegauge.labels: KEY,KEY."),
  };
}

std::vector<Option> endpoint_options() {
  const auto tls = [](auto member) {
    return [=](auto& config) -> auto& { return config.endpoints.front().tls.*member; };
  };
  using T = model::TlsFiles;
  std::vector<Option> rows{
      option(std::string(endpoint_path),
             [](auto& config) -> auto& { return config.endpoints.front().address; },
             engine_address(),
             "Where the one Engine listens that is watched. For several, see `endpoints`. Where "
             "nothing says it, the first socket that is there: /var/run/docker.sock, then those of "
             "rootless Docker and of Podman.",
             {"container_monitor.socket_path"}),
      option(
          "pool.tls_ca_file", tls(&T::ca_file), file_path(),
          "With https://: the CA that has signed the Engine's certificate. Empty: the CAs that the "
          "system trusts."),
      option("pool.tls_cert_file", tls(&T::cert_file), file_path(),
             "With https://: the client certificate, which needs pool.tls_key_file."),
      option("pool.tls_key_file", tls(&T::key_file), file_path(),
             "The key of pool.tls_cert_file, without a password."),
      option("pool.tls_verify", tls(&T::verify), flag(),
             "With https://: whether the certificate of the Engine is verified. Otherwise any "
             "program may answer in place of the Engine."),
      option(
          "pool.engine_pid_file",
          [](auto& config) -> auto& { return config.endpoints.front().engine_pid_file; },
          file_path(),
          "For an Engine on whose socket systemd or another program listens: connect only while "
          "this file exists, as /run/docker.pid, and the process that it names is alive. A "
          "connection to the socket would start the Engine otherwise. Empty: for Docker's own "
          "socket "
          "the file that $TIDEGAUGE_DOCKER_PID_FILE names, as the shipped unit of systemd does; "
          "otherwise connect whenever the socket exists."),
  };
  for (auto& row : rows) row.describes_endpoint = true;
  return rows;
}

std::vector<Option> pool_size_options() {
  const auto pool = [](auto member) { return in(&Config::pool, member); };
  using C = PoolConfig;
  return {
      option(
          "pool.max_connections", pool(&C::max_connections), number(1, 256),
          "The maximum number of connections to one Engine.",
          {"pool.pool_size", "container_monitor.max_connections", "container_monitor.pool_size"}),
      option("pool.min_connections", pool(&C::min_connections), number(0, 256),
             "Connections kept open while the Engine is up, at most pool.max_connections.",
             {"container_monitor.min_connections"}),
      option("pool.max_streams", pool(&C::max_streams), number(1, 256),
             "Connections of streams (events, followed logs), beyond pool.max_connections."),
      option(
          "pool.balancing", pool(&C::balancing),
          choice<Balancing>({{"lifo", Balancing::lifo},
                             {"round_robin", Balancing::round_robin},
                             {"least_used", Balancing::least_used},
                             {"random", Balancing::random}}),
          "Which free connection the next caller gets. With lifo, connections that are not needed "
          "become idle and are closed."),
  };
}

std::vector<Option> pool_time_options() {
  const auto pool = [](auto member) { return in(&Config::pool, member); };
  using C = PoolConfig;
  return {
      option("pool.connection_timeout", pool(&C::connection_timeout), duration(50ms, 5min),
             "How long a caller waits for a free connection.",
             {"container_monitor.connection_timeout"}),
      option("pool.health_check_interval", pool(&C::health_check_interval), duration(100ms, 1h),
             "An Engine that has answered nothing for three quarters of this time is probed. "
             "Longer than pool.probe_timeout.",
             {"container_monitor.health_check_interval"}),
      option(
          "pool.idle_timeout", pool(&C::idle_timeout), duration_or_zero(5s, 24h),
          "A connection that is unused for this long is closed, down to pool.min_connections. 0: "
          "never.",
          {"container_monitor.idle_timeout"}),
      option("pool.max_lifetime", pool(&C::max_lifetime), duration_or_zero(30s, 168h),
             "A connection that is older is replaced. 0: never."),
      option("pool.leak_threshold", pool(&C::leak_threshold), duration_or_zero(2s, 24h),
             "A connection that is lent for longer is reported once. 0: never."),
  };
}

std::vector<Option> call_options() {
  const auto pool = [](auto member) { return in(&Config::pool, member); };
  using C = PoolConfig;
  return {
      option("pool.connect_timeout", pool(&C::connect_timeout), duration(10ms, 1min),
             "Limit of opening a connection. At most pool.probe_timeout, pool.list_timeout and "
             "pool.call_timeout."),
      option("pool.probe_timeout", pool(&C::probe_timeout), duration(10ms, 1min),
             "Limit of a ping, which shows whether the Engine is up."),
      option("pool.list_timeout", pool(&C::list_timeout), duration(10ms, 10min),
             "Limit of listing the containers, and of measuring the writable layer of one."),
      option("pool.call_timeout", pool(&C::call_timeout), duration(10ms, 10min),
             "Limit of any other call, and of the first byte of a stream (events, followed logs)."),
  };
}

enum class IsOptional : std::uint8_t { either, yes };

std::vector<std::pair<std::string, MetricGroup>> group_words(IsOptional wanted) {
  std::vector<std::pair<std::string, MetricGroup>> words;
  for (const auto& [group, name, optional] : metric_group_names) {
    if (wanted == IsOptional::yes && optional == nullptr) continue;
    words.emplace_back(name, group);
  }
  return words;
}

std::vector<Option> web_options() {
  const auto web = [](auto member) { return in(&Config::web, member); };
  using C = WebConfig;
  return {
      option("web.listen_address", web(&C::listen_addresses), listen_addresses(),
             "Where metrics are served: one address or a list. Port 0 takes any free one. systemd: "
             "the sockets that systemd passes to the service (LISTEN_FDS)."),
      option("web.socket_mode", web(&C::socket_mode), file_mode(),
             "The permission bits of a Unix socket, in octal. A client needs permission to write."),
      option("web.socket_group", web(&C::socket_group), group_name(),
             "The group that owns a Unix socket. Empty: the group of the daemon."),
      option("web.max_connections", web(&C::max_connections), number(1, 10'000),
             "The most clients connected at a time. At the limit, a new client takes the place of "
             "one that has waited for longest."),
      option("web.max_requests", web(&C::max_requests), number(1, 1'000),
             "The most requests in progress at a time. One more is answered with status 503."),
      option("web.compression", web(&C::compression),
             choice<Compression>({{"auto", Compression::automatic},
                                  {"always", Compression::always},
                                  {"off", Compression::off}}),
             "Whether a page goes out compressed to a client that accepts that. auto: not over the "
             "loopback and Unix sockets, where compression costs the host more than it saves."),
      option("web.config_file", web(&C::config_file), file_path(),
             "TLS, users, headers and a limit of the rate, in the format web-config.yml of the "
             "Prometheus exporters (docs/web_config.md). The file is read again when it changes. "
             "Empty: none of these."),
      option("web.bearer_token_file", web(&C::bearer_token_file), file_path(),
             "A file with a token. A request needs the header `Authorization: Bearer TOKEN`, or a "
             "user of web.config_file. The file is read again when it changes. Empty: no token."),
      option("web.enable_lifecycle", web(&C::enable_lifecycle), flag(),
             "Whether POST /-/reload loads the configuration again, as the signal SIGHUP does."),
      option("web.status_page", web(&C::status_page), flag(),
             "Whether the page at / with what it is made of (/containers, /pool, /api/v1 except "
             "/api/v1/exits) is served, and the history of 15 minutes is kept in memory."),
      option("web.show_logs", web(&C::show_logs), flag(),
             "Whether the page of a container shows the last lines of its log on request. They may "
             "hold secrets: each web.listen_address must be of the loopback or a Unix socket, or "
             "every client must show who it is (docs/security.md)."),
      option("web.show_processes", web(&C::show_processes), flag(),
             "Whether the page of a container shows the names of its processes. The same holds for "
             "web.listen_address."),
  };
}

std::vector<Option> page_options() {
  return {
      option("metrics.process", in(&Config::metrics, &MetricsConfig::process), flag(),
             "Whether the page has the daemon's own process_* metrics."),
      option("metrics.labels", in(&Config::metrics, &MetricsConfig::labels),
             choice<SeriesLabels>(
                 {{"cadvisor", SeriesLabels::cadvisor}, {"minimal", SeriesLabels::minimal}}),
             "The labels of every series of a container. cadvisor: id, name, image and "
             "container_label_*. minimal: name alone, for less to store; the others are on "
             "container_info, to be joined by name."),
      option(
          "metrics.enable", in(&Config::metrics, &MetricsConfig::enable),
          choices<MetricGroup>(group_words(IsOptional::yes)),
          "Optional groups of metrics, whose data is expensive to collect; docs/metrics.md lists "
          "the metrics of each. They need the kernel's files. per_cpu: the CPU time of each "
          "CPU in place of cpu=\"total\"; only cgroup v1 has it. processes: threads, their "
          "states, open descriptors and sockets; the cost grows with the number of processes. "
          "connections: TCP connections by state, and UDP sockets; the cost grows with their "
          "number. tcp_statistics: the kernel's TCP counters, more than a hundred series a "
          "container. huge_pages: huge pages by size."),
      option("metrics.disable", in(&Config::metrics, &MetricsConfig::disable),
             choices<MetricGroup>(group_words(IsOptional::either)),
             "Groups of metrics to leave off the page; docs/metrics.md lists the metrics of each. "
             "A group must not be in metrics.enable as well. machine: also leaves off the "
             "container with the id \"/\"."),
      option("metrics.max_series", in(&Config::metrics, &MetricsConfig::max_series),
             number(100, 10'000'000),
             "The most series of containers on the page. Beyond, the youngest containers are left "
             "off, each with all its series; it is logged, and counted by "
             "tidegauge_series_dropped. One container has at most a tenth; of one that has more, "
             "interfaces and devices are left off."),
      option("metrics.max_page_bytes", in(&Config::metrics, &MetricsConfig::max_page_bytes),
             number(1'000'000, 1'000'000'000),
             "The most bytes of containers on the page, with the same effect."),
      option("metrics.max_label_length", in(&Config::metrics, &MetricsConfig::max_label_length),
             number(32, 4'096),
             "The longest value, in bytes, of a label container_label_*; longer ones are cut, "
             "which is logged once and counted by tidegauge_labels_cut. Names, images and ids may "
             "have 192 bytes at least, and are cut so that they stay different."),
  };
}

std::vector<Option> place_options() {
  return {
      option("path.procfs", in(&Config::path, &PathConfig::procfs), absolute_path(),
             "Where the host's /proc is mounted. In a container with -v /proc:/host/proc:ro, "
             "/host/proc."),
      option("path.sysfs", in(&Config::path, &PathConfig::sysfs), absolute_path(),
             "Where the host's /sys is mounted, with its cgroups. In a container with -v "
             "/sys:/host/sys:ro, /host/sys."),
      option("path.runtime", in(&Config::path, &PathConfig::runtime), directory_path(),
             "Where the daemon has the private Unix socket (mode 0600) that `tidegauge "
             "--healthcheck` and `--exits` ask. Empty: the first directory of $RUNTIME_DIRECTORY, "
             "which systemd sets. Without either, they ask web.listen_address."),
      option("log.level", in(&Config::log, &LogConfig::level),
             choice<LogLevel>({{"debug", LogLevel::debug},
                               {"info", LogLevel::info},
                               {"warn", LogLevel::warn},
                               {"error", LogLevel::error}}),
             "The least important lines that are written, to standard error. With debug: each "
             "request to an Engine, each event, and each request that is answered."),
      option("log.format", in(&Config::log, &LogConfig::format),
             choice<LogFormat>({{"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}}),
             "How a line is written."),
  };
}

std::vector<Option> all_options() {
  std::vector<Option> all;
  for (auto rows : {monitor_options(), endpoint_options(), pool_size_options(), pool_time_options(),
                    call_options(), web_options(), page_options(), place_options()}) {
    std::ranges::move(rows, std::back_inserter(all));
  }
  return all;
}

}  // namespace

std::string_view Option::section() const {
  return std::string_view(path).substr(0, path.find('.'));
}

std::string_view Option::name() const {
  return std::string_view(path).substr(path.find('.') + 1);
}

std::vector<std::string> Option::spellings() const {
  std::vector<std::string> all{path};
  all.insert(all.end(), aliases.begin(), aliases.end());
  return all;
}

const std::vector<Option>& options() {
  static const std::vector<Option> table = all_options();
  return table;
}

const std::vector<Section>& sections() {
  static const std::vector<Section> table{
      {"container_monitor", "Watching containers."},
      {"pool", "The connections to an Engine; every endpoint has a pool of its own."},
      {"web", "Serving the metrics."},
      {"metrics", "What is on the page."},
      {"path",
       "Where the kernel shows the resource numbers of containers, and where the daemon "
       "has files of its own."},
      {"log", "The daemon's log."},
  };
  return table;
}

bool is_optional_group(std::string_view word) {
  return std::ranges::any_of(metric_group_names, [word](const MetricGroupName& row) {
    return row.optional != nullptr && row.name == word;
  });
}

const Option* find_option(std::string_view spelling) {
  const auto& table = options();
  const auto found = std::ranges::find_if(table, [&](const Option& row) {
    return row.path == spelling || std::ranges::find(row.aliases, spelling) != row.aliases.end();
  });
  return found == table.end() ? nullptr : &*found;
}

std::string environment_variable(std::string_view spelling) {
  std::string name = "TIDEGAUGE_";
  for (const char c : spelling) name += c == '.' ? '_' : ascii_upper(c);
  return name;
}

std::string one_line(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return joined(std::get<std::vector<std::string>>(value));
}

}  // namespace tidegauge::config
