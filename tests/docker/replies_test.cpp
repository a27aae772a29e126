#include "docker/replies.h"

#include <algorithm>

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace tidegauge::docker;
using test::Approx;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

std::string recorded(const std::string& set, const std::string& name) {
  return test::read_file(std::string(TIDEGAUGE_TEST_DATA) + "/" + set + "/" + name + ".json");
}

const std::string engine_20 = "docker-20.10.24-cgroup1";
const std::string engine_26 = "docker-26.1.5-cgroup1";
const std::string engine_29 = "docker-29-cgroup1";
const std::string engine_26_v2 = "docker-26.1.5-cgroup2-systemd";
const std::string podman = "podman-4.3.1-cgroup1";

model::Container container(const std::string& set, const std::string& name) {
  return value_of(parse_container(recorded(set, "inspect-" + name)));
}

std::string label(const model::Container& container, const std::string& key) {
  const auto found =
      std::ranges::find(container.labels, key, [](const auto& l) { return l.first; });
  return found == container.labels.end() ? "(absent)" : found->second;
}

}  // namespace

TEST_CASE("an Engine's version is read from real replies") {
  const auto version = value_of(parse_version(recorded(engine_26, "version")));
  CHECK(version.version == "26.1.5+dfsg1");
  CHECK(version.api_version == model::ApiVersion{1, 45});
  CHECK(version.min_api_version == model::ApiVersion{1, 24});
  CHECK(version.os == "linux");
  CHECK(version.arch == "amd64");
  CHECK(value_of(parse_version(recorded(podman, "version"))).api_version ==
        model::ApiVersion{1, 41});
  const auto newest = value_of(parse_version(recorded(engine_29, "version")));
  CHECK(newest.version == "29.7.2");
  CHECK(newest.api_version == model::ApiVersion{1, 55});
  CHECK(newest.min_api_version == model::ApiVersion{1, 40});
}

TEST_CASE("the answer to /version shows whether the Engine is Podman") {
  CHECK(value_of(parse_version(recorded(podman, "version"))).is_podman);
  CHECK_FALSE(value_of(parse_version(recorded(engine_26, "version"))).is_podman);
}

TEST_CASE("Podman's words for states are Docker's") {
  const auto [word, state] = GENERATE(
      table<std::string, model::ContainerState>({{"stopped", model::ContainerState::exited},
                                                 {"stopping", model::ContainerState::running},
                                                 {"configured", model::ContainerState::created},
                                                 {"initialized", model::ContainerState::created}}));
  CHECK(value_of(parse_container(R"({"Id":"a","State":{"Status":")" + word + R"("}})")).state ==
        state);
  CHECK(value_of(parse_container_list(R"([{"Id":"a","State":")" + word + R"("}])")).at(0).state ==
        state);
}

TEST_CASE("Podman's word for the removal of a container is Docker's") {
  const auto action_of = [](const std::string& type, const std::string& action) {
    return value_of(parse_event(R"({"Type":")" + type + R"(","Action":")" + action +
                                R"(","Actor":{"ID":"a"},"timeNano":1})"))
        .action;
  };
  CHECK(action_of("container", "remove") == "destroy");
  CHECK(action_of("container", "died") == "die");
  CHECK(action_of("volume", "remove") == "remove");
}

TEST_CASE("an Engine's info says which cgroup driver and version it uses") {
  const auto v1 = value_of(parse_info(recorded(engine_26, "info")));
  CHECK(v1.cgroup_driver == "cgroupfs");
  CHECK(v1.cgroup_version == 1);
  CHECK(v1.cpus == 2);
  CHECK(v1.memory_bytes == 25276502016);
  const auto v2 = value_of(parse_info(recorded(engine_26_v2, "info")));
  CHECK(v2.cgroup_driver == "systemd");
  CHECK(v2.cgroup_version == 2);
  CHECK(value_of(parse_info("{}")).cgroup_version == 1);  // Engines before 20.10
}

TEST_CASE("a list of containers has ids, names without slash, and states") {
  const auto set = GENERATE(engine_20, engine_26, engine_29, podman);
  const auto all = value_of(parse_container_list(recorded(set, "containers-all")));
  const auto named = [&](std::string_view name) {
    return *std::ranges::find(all, name, &model::ContainerSummary::name);
  };
  CHECK(named("web").id.size() == 64);
  CHECK(named("web").state == model::ContainerState::running);
  CHECK(named("paused").state == model::ContainerState::paused);
  CHECK(named("exited").state == model::ContainerState::exited);
  CHECK(named("created").state == model::ContainerState::created);
}

TEST_CASE("a list names a container by its own name, not by a link's name") {
  const auto name_of = [](const std::string& names) {
    return value_of(parse_container_list(R"([{"Id":"a","Names":)" + names + "}]")).at(0).name;
  };
  CHECK(name_of(R"(["/field-app/db","/field-db"])") == "field-db");
  CHECK(name_of(R"(["/field-db","/field-app/db"])") == "field-db");
  CHECK(name_of(R"([7,null,"/field-db"])") == "field-db");
  CHECK(name_of(R"(["web"])") == "web");
  CHECK(name_of(R"(["/app/db"])") == "app/db");
  CHECK(name_of(R"(["/app/db","/other/db"])") == "app/db");
  CHECK(name_of("[]").empty());
  CHECK(name_of("null").empty());
}

TEST_CASE("a container that is far larger than others does not hide them in a list") {
  std::string ports = "[0";
  for (int i = 0; i < 500'000; ++i) ports += ",0";
  const auto hog = R"({"Id":"hog","Ports":)" + ports + "]}";
  CHECK(error_of(parse_container(hog)).message == "takes too much memory");
  const auto all = value_of(parse_container_list("[" + hog + R"(,{"Id":"web"}])"));
  REQUIRE(all.size() == 2);
  CHECK(all[1].id == "web");
}

TEST_CASE("a list of containers has their images and labels") {
  const auto set = GENERATE(engine_20, engine_26, engine_29, podman);
  const auto all = value_of(parse_container_list(recorded(set, "containers-all")));
  const auto web = *std::ranges::find(all, "web", &model::ContainerSummary::name);
  CHECK(web.image == (set == podman ? "docker.io/lab/app:1.0" : "lab/app:1.0"));
  CHECK(std::ranges::is_sorted(web.labels));
  CHECK(std::ranges::count(web.labels, std::pair<std::string, std::string>(
                                           "com.docker.compose.project", "shop")) == 1);
}

TEST_CASE("a container has an image, a host name, a network and a restart policy") {
  const auto set = GENERATE(engine_20, engine_26, engine_29, podman);
  const auto web = container(set, "web");
  CHECK(web.image_id.starts_with("sha256:"));
  CHECK(web.image_id.size() == 71);
  CHECK(web.hostname == web.id.substr(0, 12));
  CHECK(web.network_mode == (set == podman ? "bridge" : "shop_default"));
  CHECK(web.restart_policy == "unless-stopped");
}

TEST_CASE("the networks that a container is attached to are read with their addresses") {
  const auto network_of = [](const std::string& set, const std::string& name) {
    const auto networks = container(set, name).attached_networks;
    REQUIRE(networks.size() == 1);
    CHECK(networks[0].ipv6_address.empty());
    return networks[0].name + " " + networks[0].ipv4_address;
  };
  CHECK(network_of(engine_20, "healthy") == "bridge 172.30.0.4");
  CHECK(network_of(engine_26, "healthy") == "bridge 172.31.0.2");
  CHECK(network_of(engine_29, "healthy") == "bridge 172.27.0.3");
  CHECK(network_of(podman, "healthy") == "podman 10.88.0.12");
  CHECK(network_of(engine_26, "exited") == "bridge ");
  CHECK(value_of(parse_container(R"({"Id":"a"})")).attached_networks.empty());
}

TEST_CASE("networks are sorted by name, and only so many and so much of their texts are kept") {
  const auto networks_of = [](const std::string& networks) {
    return value_of(
               parse_container(R"({"Id":"a","NetworkSettings":{"Networks":)" + networks + "}}"))
        .attached_networks;
  };
  const auto two = networks_of(
      R"({"shop":{"IPAddress":"10.0.0.2","GlobalIPv6Address":"fd00::2"},"back\nend":null})");
  REQUIRE(two.size() == 2);
  CHECK(two[0].name == "back end");
  CHECK(two[1].ipv4_address == "10.0.0.2");
  CHECK(two[1].ipv6_address == "fd00::2");
  std::string many = "{\"" + std::string(1000, 'x') + "\":{}";
  for (int i = 0; i < 100; ++i) many += ",\"n" + std::to_string(i) + "\":{}";
  const auto kept = networks_of(many + "}");
  CHECK(kept.size() == 32);
  CHECK(kept.back().name.size() == 128);
}

TEST_CASE("the restart policy is \"no\" if there is none, in each form of the Engine") {
  CHECK(container(engine_20, "exited").restart_policy == "no");
  CHECK(container(engine_26, "exited").restart_policy == "no");
  CHECK(container(podman, "exited").restart_policy == "no");
  CHECK(value_of(parse_container(R"({"Id":"a"})")).restart_policy.empty());
}

TEST_CASE("limits are those that the user set, in each form of the options") {
  const auto set = GENERATE(engine_20, engine_26, engine_29);
  const auto web = container(set, "web");
  CHECK(web.limits.memory_bytes == 64U << 20U);
  CHECK(web.limits.memory_swap_bytes == 128U << 20U);
  CHECK(web.limits.cpu_quota_us == 50'000);
  CHECK(web.limits.cpu_period_us == 100'000);
  CHECK(web.limits.pids == 100);
  const auto unlimited = container(set, "paused");
  CHECK_FALSE(unlimited.limits.memory_bytes);
  CHECK_FALSE(unlimited.limits.cpu_quota_us);
  CHECK_FALSE(unlimited.limits.pids);
}

TEST_CASE("a quota without a period has the kernel's default period") {
  const auto made = value_of(parse_container(
      R"({"Id":"a","HostConfig":{"CpuQuota":25000,"PidsLimit":-1,"MemorySwap":-1}})"));
  CHECK(made.limits.cpu_quota_us == 25'000);
  CHECK(made.limits.cpu_period_us == 100'000);
  CHECK_FALSE(made.limits.pids);
  CHECK_FALSE(made.limits.memory_swap_bytes);
}

TEST_CASE("a limit of 0 is no limit") {
  const auto made = value_of(
      parse_container(R"({"Id":"a","HostConfig":{"PidsLimit":0,"Memory":0,"MemoryReservation":0,)"
                      R"("MemorySwap":0,"NanoCpus":0,"CpuQuota":0}})"));
  CHECK_FALSE(made.limits.pids);
  CHECK_FALSE(made.limits.memory_bytes);
  CHECK_FALSE(made.limits.memory_reservation_bytes);
  CHECK_FALSE(made.limits.memory_swap_bytes);
  CHECK_FALSE(made.limits.cpu_quota_us);
  CHECK_FALSE(made.limits.cpu_period_us);
}

TEST_CASE("0 means the default of CPU shares and of the period, as absence does") {
  const auto made = value_of(
      parse_container(R"({"Id":"a","HostConfig":{"CpuShares":0,"CpuQuota":25000,"CpuPeriod":0}})"));
  CHECK(made.limits.cpu_shares == 1024);
  CHECK(made.limits.cpu_period_us == 100'000);
  CHECK(value_of(parse_container(R"({"Id":"a"})")).limits.cpu_shares == 1024);
}

TEST_CASE("a container that runs has a pid and a start, and no exit code") {
  const auto web = container(engine_26, "web");
  CHECK(web.state == model::ContainerState::running);
  CHECK(web.pid == 13198);
  CHECK(web.started_at.has_value());
  CHECK_FALSE(web.finished_at);
  CHECK_FALSE(web.exit_code);
  CHECK(label(web, "com.docker.compose.service") == "web");
}

TEST_CASE("a container that has ended has its exit code, and a mark if memory ran out") {
  CHECK(container(engine_20, "exited").exit_code == 3);
  CHECK_FALSE(container(engine_20, "exited").pid);
  const auto oom = container(engine_26, "oomkilled");
  CHECK(oom.exit_code == 137);
  CHECK(oom.oom_killed);
}

TEST_CASE("a container in a restart loop is restarting, with the exit code of its last run") {
  const auto looping = container(engine_20, "looping");
  CHECK(looping.state == model::ContainerState::restarting);
  CHECK(looping.exit_code == 1);
  CHECK(looping.restart_count > 0);
}

TEST_CASE("a container that could not be started has its exit code and the reason") {
  const auto failed = value_of(parse_container(
      R"({"Id":"a","State":{"Status":"created","ExitCode":128,"Error":"driver failed:\nport is )"
      R"(already allocated","StartedAt":"0001-01-01T00:00:00Z",)"
      R"("FinishedAt":"0001-01-01T00:00:00Z"}})"));
  CHECK(failed.state == model::ContainerState::created);
  CHECK(failed.exit_code == 128);
  CHECK(failed.start_error == "driver failed: port is already allocated");
  CHECK(container(engine_29, "web").start_error.empty());
}

TEST_CASE("a container that could not be removed is dead, whatever its status says") {
  const auto state_of = [](const std::string& state) {
    return value_of(parse_container(R"({"Id":"a","State":)" + state + "}")).state;
  };
  CHECK(state_of(R"({"Status":"dead","Dead":true})") == model::ContainerState::dead);
  CHECK(state_of(R"({"Status":"exited","Dead":true})") == model::ContainerState::dead);
  CHECK(state_of(R"({"Status":"exited","Dead":false})") == model::ContainerState::exited);
  CHECK(state_of(R"({"Status":"running","Dead":true})") == model::ContainerState::running);
}

TEST_CASE("a container that runs again after an end has no exit code") {
  const auto again = container(engine_29, "web");
  CHECK(again.finished_at.has_value());
  CHECK_FALSE(again.exit_code);
}

TEST_CASE(
    "a container whose child was killed for lack of memory runs, with the mark of Engine 26.1") {
  const auto parent = container(engine_29, "oom-child");
  CHECK(parent.state == model::ContainerState::running);
  CHECK(parent.oom_killed);
}

TEST_CASE("a container that was never started has neither start nor exit code") {
  const auto created = container(engine_26, "created");
  CHECK(created.state == model::ContainerState::created);
  CHECK_FALSE(created.started_at);
  CHECK_FALSE(created.exit_code);
  CHECK(created.created_at.has_value());
}

TEST_CASE("health is none without a check, also where Podman sends an empty one") {
  CHECK(container(engine_20, "healthy").health == model::Health::healthy);
  const auto unhealthy = container(engine_26, "unhealthy");
  CHECK(unhealthy.health == model::Health::unhealthy);
  CHECK(unhealthy.health_failing_streak.value_or(0) > 0);
  CHECK(container(engine_26, "web").health == model::Health::none);
  CHECK(container(podman, "looping").health == model::Health::none);
  CHECK_FALSE(container(podman, "looping").health_failing_streak);
}

TEST_CASE("failed health checks are counted before a container is unhealthy") {
  const auto failing_streak_of = [](const std::string& status) {
    return value_of(parse_container(R"({"Id":"a","State":{"Health":{"Status":")" + status +
                                    R"(","FailingStreak":35}}})"))
        .health_failing_streak;
  };
  CHECK(failing_streak_of("starting") == 35U);
  CHECK(failing_streak_of("healthy") == 35U);
  CHECK(failing_streak_of("unhealthy") == 35U);
  CHECK_FALSE(failing_streak_of("none"));
}

TEST_CASE("the last health check of each Engine's log has its duration and its exit code") {
  const auto [engine, name, seconds, exit_code] =
      GENERATE(table<std::string, std::string, double, int>({
          {engine_20, "healthy", 0.063883873, 0},
          {engine_26, "unhealthy", 0.089266043, 1},
          {engine_29, "unhealthy", 0.173919882, 1},
          {podman, "healthy", 0.090390792, 0},
      }));
  const auto check = container(engine, name).last_health_check;
  CHECK(check.duration_seconds.value_or(-1) == Approx(seconds).epsilon(1e-9));
  CHECK(check.exit_code == exit_code);
}

TEST_CASE("without a finished health check there is nothing of a last one") {
  const auto* const health = GENERATE(
      R"({"Status":"starting"})", R"({"Status":"starting","Log":null})",
      R"({"Status":"starting","Log":[]})", R"({"Status":"starting","Log":{}})",
      R"({"Status":"starting","Log":[null]})", R"({"Status":"starting","Log":[7]})",
      R"({"Status":"","Log":[{"Start":"2026-11-23T06:22:59Z","End":"2026-11-23T06:23:00Z",)"
      R"("ExitCode":0}]})");
  const auto check =
      value_of(parse_container(R"({"Id":"a","State":{"Health":)" + std::string(health) + "}}"))
          .last_health_check;
  CHECK_FALSE(check.duration_seconds);
  CHECK_FALSE(check.exit_code);
}

TEST_CASE("a health check whose times are none, or run backwards, has only its exit code") {
  const auto* const times =
      GENERATE(R"("Start":"0001-01-01T00:00:00Z","End":"2026-11-23T06:23:00Z")",
               R"("Start":"2026-11-23T06:23:00Z","End":"0001-01-01T00:00:00Z")",
               R"("Start":"2026-11-23T06:23:00.5Z","End":"2026-11-23T06:23:00.4Z")",
               R"("Start":1,"End":2)", R"("Output":"no times")");
  const auto check = value_of(parse_container(R"({"Id":"a","State":{"Health":{"Status":"healthy",)"
                                              R"("Log":[{)" +
                                              std::string(times) + R"(,"ExitCode":-1}]}}})"))
                         .last_health_check;
  CHECK_FALSE(check.duration_seconds);
  CHECK(check.exit_code == -1);
}

TEST_CASE("labels arrive byte for byte, an empty key included") {
  const auto odd = container(engine_26, "odd.name_1-x");
  CHECK(odd.name == "odd.name_1-x");
  CHECK(label(odd, "") == "empty key");
  CHECK(label(odd, "backslash") == R"(C:\temp\new)");
  CHECK(label(odd, "com.docker.compose.service") == "wéb \"1\"");
  CHECK(label(odd, "control") == "bell\a esc\x1b[31m del\x7f");
}

TEST_CASE("the size of a writable layer is the Engine's, and a missing size is an error") {
  CHECK(value_of(parse_container_size(R"({"SizeRw":0,"SizeRootFs":7798898})")) == 0);
  CHECK(value_of(parse_container_size(R"({"SizeRw":18446744073709551615})")) == UINT64_MAX);
  CHECK(error_of(parse_container_size(R"({"SizeRootFs":5})")).message == "no SizeRw in it");
  CHECK(error_of(parse_container_size(R"({"SizeRw":-1})")).code == Errc::bad_reply);
}

TEST_CASE("a text that is no reply is a bad reply, and the error has the place") {
  CHECK(error_of(parse_version("{}")).code == Errc::bad_reply);
  CHECK(error_of(parse_container("[]")).message == "not a JSON object");
  CHECK(error_of(parse_container("{}")).message == "no Id in it");
  CHECK(error_of(parse_container_list("{}")).message == "not a JSON array");
  CHECK(error_of(parse_container_list("[{}]")).code == Errc::bad_reply);
  CHECK_THAT(error_of(parse_info("{\"NCPU\": ")).message, contains("not JSON at byte"));
  CHECK(error_of(parse_container_stats(std::string(100'000, '['))).code == Errc::bad_reply);
  CHECK_THAT(error_of(parse_container_stats("\xBF{}")).message, contains("not JSON at byte 0"));
}

TEST_CASE("a value of the wrong type is absent") {
  const auto odd = value_of(parse_container(
      R"({"Id":"a","Name":7,"Config":{"Labels":{"n":1,"s":"x"},"Image":null},)"
      R"("HostConfig":[],"State":{"Pid":"1","ExitCode":"3","StartedAt":5},"RestartCount":-1})"));
  CHECK(odd.name.empty());
  CHECK(odd.labels.size() == 1);
  CHECK_FALSE(odd.pid);
  CHECK_FALSE(odd.restart_count);
}

TEST_CASE("a number that does not fit is absent, never another number") {
  const auto bad = GENERATE("-1", "1.5", "1e3", "18446744073709551616", "\"1\"");
  const auto with = [bad](std::string text) {
    for (auto at = text.find('#'); at != std::string::npos; at = text.find('#')) {
      text.replace(at, 1, bad);
    }
    return text;
  };
  const auto odd = value_of(parse_container(
      with(R"({"Id":"a","RestartCount":#,"HostConfig":{"CpuShares":#,"Memory":#},"State":)"
           R"({"Status":"running","Pid":#,"Health":{"Status":"starting","FailingStreak":#}}})")));
  CHECK_FALSE(odd.restart_count);
  CHECK_FALSE(odd.pid);
  CHECK_FALSE(odd.health_failing_streak);
  CHECK_FALSE(odd.limits.cpu_shares);
  CHECK_FALSE(odd.limits.memory_bytes);

  const auto sample = value_of(parse_container_stats(
      with(R"({"read":"2026-11-23T05:54:19Z","cpu_stats":{"cpu_usage":{"total_usage":#}},)"
           R"("memory_stats":{"usage":7,"max_usage":8,"failcnt":#},"networks":{"eth0":)"
           R"({"rx_bytes":#,"tx_bytes":5}},"blkio_stats":{"io_service_bytes_recursive":)"
           R"([{"major":#,"minor":0,"op":"read","value":9}]}})")));
  CHECK_FALSE(sample.cpu);
  CHECK_FALSE(sample.memory->fail_count);
  REQUIRE(sample.networks.size() == 1);
  CHECK_FALSE(sample.networks[0].receive_bytes);
  CHECK(sample.networks[0].transmit_bytes == 5);
  CHECK(sample.block_io.empty());

  const auto throttled = value_of(parse_container_stats(
      with(R"({"read":"2026-11-23T05:54:19Z","cpu_stats":{"cpu_usage":{"total_usage":1},)"
           R"("throttling_data":{"periods":3,"throttled_periods":#,"throttled_time":0}},)"
           R"("memory_stats":{"usage":7}})")));
  CHECK_FALSE(throttled.cpu->throttling);

  const auto engine = value_of(parse_info(with(R"({"NCPU":#,"MemTotal":#})")));
  CHECK_FALSE(engine.cpus);
  CHECK_FALSE(engine.memory_bytes);
}

TEST_CASE("a number too large for its place is absent, not cut off") {
  const auto ended = value_of(
      parse_container(R"({"Id":"a","State":{"Status":"exited","FinishedAt":"2026-11-23T05:54:19Z",)"
                      R"("ExitCode":4294967299,"Pid":4294967297}})"));
  CHECK_FALSE(ended.exit_code);
  CHECK_FALSE(ended.pid);
  CHECK_FALSE(value_of(parse_info(R"({"NCPU":4294967297})")).cpus);
}

TEST_CASE("a limit keeps every digit") {
  const auto unlimited =
      value_of(parse_container(R"({"Id":"a","HostConfig":{"Memory":9223372036854771712}})"));
  CHECK(unlimited.limits.memory_bytes == 9223372036854771712U);
}

TEST_CASE("the message of an error is the Engine's own, or the start of the body") {
  CHECK_THAT(error_message(recorded(engine_26, "error-404-container-inspect")),
             contains("No such container"));
  CHECK(error_message("plain text\nmore") == "plain text");
  CHECK(error_message("").empty());
}

TEST_CASE("an error's message is one short line of UTF-8, whatever the Engine sends") {
  const std::string huge(1'000'000, 'x');
  for (const auto& body : {huge, R"({"message":")" + huge + "\"}"}) {
    const auto message = error_message(body);
    CHECK(message.size() == 256);
    CHECK(message.ends_with("xxx..."));
  }
  CHECK(error_message(R"({"message":"a\nb\r\nc"})") == "a b  c");
  CHECK(error_message("\xff of {") == "\\xff of {");
}

TEST_CASE("the last value of a repeated key counts, as in Go") {
  const auto twice = value_of(parse_container(
      R"({"Id":"a","Id":"b","Config":{"Labels":{"k":"1","j":"x","k":"2"}},"State":null})"));
  CHECK(twice.id == "b");
  CHECK(twice.labels == std::vector<std::pair<std::string, std::string>>{{"j", "x"}, {"k", "2"}});
  const auto event = value_of(parse_event(
      R"({"Type":"container","Action":"die","Actor":{"ID":"a","Attributes":{"exitCode":"1",)"
      R"("exitCode":"2"}},"timeNano":1})"));
  CHECK(event.attributes == std::vector<std::pair<std::string, std::string>>{{"exitCode", "2"}});
}

TEST_CASE("an event has its nanoseconds, its container and its attributes") {
  for (const auto& set : {engine_20, engine_26, engine_29, podman}) {
    const auto lines =
        test::read_file(std::string(TIDEGAUGE_TEST_DATA) + "/" + set + "/events.ndjson");
    std::size_t dies = 0;
    std::size_t from = 0;
    for (auto end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', from)) {
      const auto event = value_of(parse_event(lines.substr(from, end - from)));
      CHECK(event.at.time_since_epoch().count() % 1000 != -1);
      if (event.type == "container" && event.action == "die") {
        ++dies;
        CHECK(event.id.size() == 64);
        CHECK(std::ranges::count(event.attributes, "name", [](const auto& a) { return a.first; }));
      }
      from = end + 1;
    }
    CHECK(dies > 0);
  }
}

TEST_CASE("an event's time keeps every digit") {
  const auto event = value_of(parse_event(
      R"({"Type":"container","Action":"oom","Actor":{"ID":"a"},"timeNano":1795414158346838901})"));
  CHECK(event.at.time_since_epoch().count() == 1795414158346838901);
}

TEST_CASE("an event with an impossible time is a bad reply") {
  for (const std::string time : {"null", "0", "-1", "1.5", "1e18", "9223372036854775808"}) {
    const auto line = R"({"Type":"container","Action":"oom","timeNano":)" + time + "}";
    CHECK(error_of(parse_event(line)).code == Errc::bad_reply);
  }
  CHECK(error_of(parse_event("{}")).code == Errc::bad_reply);
}
