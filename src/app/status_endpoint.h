#pragma once

// Answers the paths of the status page (web.status_page): `/`, `/pool` and `/containers/...` for
// people, and their JSON below `/api/v1`. Clients of an encoded overview share it, so that it is
// rendered and compressed once per snapshot however many look at it. Thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/log_reader.h"
#include "app/snapshot_version.h"
#include "tidegauge/config/config.h"
#include "tidegauge/status/history.h"
#include "tidegauge/status/status_input.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/web/encoded_body.h"
#include "tidegauge/web/messages.h"
#include "tidegauge/web/negotiation.h"

namespace tidegauge::app {

/// What the pages are made of; each may be called by several threads at the same time.
struct StatusSources {
  std::function<model::Snapshot()> snapshots;  ///< what may be shown now, without what is too old
  std::function<std::vector<model::PoolStats>()> pools;
  std::function<std::vector<std::pair<std::string, std::vector<model::SlotStats>>>()> slots;
  std::function<SteadyTime::duration()> greatest_age;  ///< see StatusInput
  /// container_monitor.labels: what a stranger may see of labels.
  std::function<std::vector<std::string>()> listed_labels;
  /// The names of a container's processes; nothing where they are not visible.
  std::function<std::optional<std::vector<std::string>>(const model::Container&)> processes;
  LogReader::Read read_log;
};

class StatusEndpoint {
 public:
  /// `history` and `guard` outlive this.
  StatusEndpoint(StatusSources sources, const status::History& history, ThreadGuard& guard)
      : sources_(std::move(sources)), history_(history), logs_(sources_.read_log, guard) {}

  [[nodiscard]] web::Response overview(const web::Request& request, const config::WebConfig& web);
  /// `request.path` is that of a route and ENDPOINT/NAME.
  [[nodiscard]] web::Response container(const web::Request& request,
                                        const config::WebConfig& web) const;
  [[nodiscard]] web::Response pool(const web::Request& request, const config::WebConfig& web) const;
  /// The JSON of docs/api.md, each by the path that is in front of it.
  [[nodiscard]] web::Response engines_json(const web::Request& request,
                                           const config::WebConfig& web) const;
  [[nodiscard]] web::Response containers_json(const web::Request& request,
                                              const config::WebConfig& web) const;
  [[nodiscard]] web::Response container_json(const web::Request& request,
                                             const config::WebConfig& web) const;
  [[nodiscard]] web::Response pool_json(const web::Request& request,
                                        const config::WebConfig& web) const;
  /// The last lines of a container's log, later. The query may have `lines`.
  void log(const web::Request& request, const config::WebConfig& web, web::Responder respond);

 private:
  struct Version {
    std::vector<SnapshotVersion> snapshots;
    std::uint64_t history = 0;
    friend bool operator==(const Version&, const Version&) = default;
  };
  struct Encoded {
    Version of;
    std::map<web::Encoding, std::shared_ptr<web::SharedBody>> pages;
    std::weak_ptr<web::SharedBody> plain;
  };

  [[nodiscard]] status::StatusInput input(model::Snapshot snapshots, const web::Request& request,
                                          const config::WebConfig& web) const;
  [[nodiscard]] std::optional<std::vector<std::string>> processes_of(
      const model::ContainerRecord& record, const web::Request& request,
      const config::WebConfig& web) const;
  web::NextPiece overview_body(const Version& version, web::Encoding encoding,
                               status::StatusInput input);
  [[nodiscard]] std::string etag_of(const Version& version) const;

  const StatusSources sources_;
  const status::History& history_;
  const std::string start_ = std::to_string(wall_now().time_since_epoch().count());
  Guarded<Encoded> encoded_;
  LogReader logs_;  // uses the members above: declared last
};

/// The routes of containers, below which a path has ENDPOINT/NAME.
inline constexpr std::string_view containers_path = "/containers/";
inline constexpr std::string_view containers_json_path = "/api/v1/containers/";
inline constexpr std::string_view logs_path = "/api/v1/logs/";

}  // namespace tidegauge::app
