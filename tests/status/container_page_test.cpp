#include <chrono>
#include <string>

#include "status/status_scene.h"
#include "support/catch.h"
#include "tidegauge/status/pages.h"

using namespace std::chrono_literals;
using namespace tidegauge;
using test::contains;
using test::StatusScene;

namespace {

std::string page_of(const StatusScene& scene, const std::string& name = "web",
                    const std::optional<std::vector<std::string>>& processes = {}) {
  const auto page = status::container_page(scene.input(), "local", name, processes);
  REQUIRE(page);
  return *page;
}

std::string section(const std::string& page, const std::string& id) {
  const auto begin = page.find("<section id=\"" + id + "\"");
  REQUIRE(begin != std::string::npos);
  return page.substr(begin, page.find("</section>", begin) - begin);
}

}  // namespace

TEST_CASE("a container that is not there has no page") {
  StatusScene scene;
  scene.add("web");
  CHECK_FALSE(status::container_page(scene.input(), "local", "we"));
  CHECK_FALSE(status::container_page(scene.input(), "local", ""));
  CHECK_FALSE(status::container_page(scene.input(), "other", "web"));
}

TEST_CASE("the page of a container leads to the others by relative addresses") {
  StatusScene scene;
  scene.add("web");
  const auto page = page_of(scene);
  CHECK_THAT(page, contains("<h1>web</h1>"));
  CHECK_THAT(page, contains("href=\"../../assets/page.css\""));
  CHECK_THAT(page, contains("<a href=\"../.././\">Overview</a>"));
  CHECK(page.find("=\"/") == std::string::npos);
}

TEST_CASE("limits that are not set are told as none") {
  StatusScene scene;
  scene.add("web");
  scene.add("xlarge", [](auto& container) {
    container.limits.memory_bytes = 1024 * 1024;
    container.limits.cpu_quota_us = 150'000;
    container.limits.cpu_period_us = 100'000;
    container.limits.pids = 100;
  });
  const auto none = section(page_of(scene), "limits");
  CHECK_THAT(none, contains("<dt>Memory</dt><dd>no limit</dd>"));
  CHECK_THAT(none, contains("<dt>CPU</dt><dd>no limit</dd>"));
  const auto some = section(page_of(scene, "xlarge"), "limits");
  CHECK_THAT(some, contains("<dt>Memory</dt><dd title=\"1,048,576 bytes\">1 MiB</dd>"));
  CHECK_THAT(some, contains(">1.5 cores</dd>"));
  CHECK_THAT(some, contains("<dt>Processes</dt><dd>100</dd>"));
}

TEST_CASE("labels, image and processes come out as text") {
  const std::string attack = "</dd><script>alert(1)</script>";
  StatusScene scene;
  scene.show_processes = true;
  scene.add("web", [&](auto& container) {
    container.labels = {{attack, attack}};
    container.image = attack;
    container.start_error = attack;
    container.restart_policy = attack;
    container.network_mode = attack;
  });
  const auto page = page_of(scene, "web", std::vector{attack});
  CHECK(page.find("<script>") == std::string::npos);
  CHECK_THAT(section(page, "labels"), contains("&lt;script&gt;alert(1)&lt;/script&gt;</dd>"));
  CHECK_THAT(section(page, "processes"), contains("<li>&lt;/dd&gt;&lt;script&gt;"));
}

TEST_CASE("a stranger sees the labels that are listed, and no others") {
  StatusScene scene;
  scene.add("web",
            [](auto& container) { container.labels = {{"listed", "shop"}, {"other", "secret"}}; });
  CHECK_THAT(section(page_of(scene), "labels"), contains("secret"));
  scene.show_all_labels = false;
  const auto labels = section(page_of(scene), "labels");
  CHECK_THAT(labels, contains("<dt>listed</dt><dd>shop</dd>"));
  CHECK(labels.find("secret") == std::string::npos);
  CHECK_THAT(labels, contains("are shown here"));
}

TEST_CASE("processes and the log are shown where the options say so") {
  StatusScene scene;
  scene.add("web");
  auto page = page_of(scene, "web", std::vector<std::string>{"nginx"});
  CHECK_THAT(section(page, "processes"), contains("web.show_processes is off"));
  CHECK(page.find("nginx") == std::string::npos);
  CHECK_THAT(section(page, "log"), contains("web.show_logs is off"));
  CHECK(page.find("show-log") == std::string::npos);
  scene.show_processes = scene.show_logs = true;
  page = page_of(scene, "web", std::vector<std::string>{"nginx"});
  CHECK_THAT(section(page, "processes"), contains("<li>nginx</li>"));
  CHECK_THAT(section(page, "log"), contains("href=\"../../api/v1/logs/local/web\""));
  CHECK_THAT(section(page_of(scene), "processes"), contains("not known"));
}

TEST_CASE("each end of a run is told with its evidence, the newest first") {
  StatusScene scene;
  scene.add("web");
  scene.add_end("web", model::EndCause::error, 1h);
  scene.add_end("other", model::EndCause::error, 30min);
  auto& last = scene.add_end("web", model::EndCause::oom, 5min);
  last.signal = 9;
  last.aftermath = model::Aftermath::gave_up;
  last.evidence = {{.at = StatusScene::now - 5min,
                    .source = model::Evidence::Source::kernel,
                    .text = "oom_kill grew from 0 to 1"}};
  const auto ends = section(page_of(scene), "ends");
  CHECK(ends.find("cause oom") < ends.find("cause error"));
  CHECK_THAT(ends, contains("</span> SIGKILL, after 3 min, its policy does not start it again"));
  CHECK_THAT(ends, contains("<span class=\"source\">kernel</span> oom_kill grew from 0 to 1"));
  CHECK(ends.find("data-key=\"2\"") == std::string::npos);
}

TEST_CASE("plots are large, with what they show in words") {
  StatusScene scene;
  scene.add("web").stats = StatusScene::stats([](auto& stats) {
    stats.cpu.emplace().usage_seconds = 5;
    stats.read_at = StatusScene::now;
  });
  scene.record_after([](model::EngineSnapshot& engine) {
    engine.containers.front().stats = StatusScene::stats([](auto& stats) {
      stats.cpu.emplace().usage_seconds = 0;
      stats.read_at = StatusScene::now - 10s;
    });
  });
  const auto plots = section(page_of(scene), "plots");
  CHECK_THAT(plots, contains("aria-label=\"CPU: 50 % now, at most 50 % in 15 min\""));
  CHECK(plots.find("Disk") == std::string::npos);  // nothing is known of it
}

TEST_CASE("what is not known is told with the reason") {
  StatusScene scene;
  auto& record = scene.add("web");
  CHECK_THAT(page_of(scene), contains("There is no sample of its use"));
  CHECK_THAT(section(page_of(scene), "plots"), contains("No history is kept of it"));
  record.stuck = true;
  record.collect_errors = 3;
  CHECK_THAT(page_of(scene), contains("quarantine"));
  CHECK_THAT(page_of(scene), contains("3 calls about it have failed"));
  scene.engine.up = false;
  scene.engine.down_reason = "no permission";
  CHECK_THAT(page_of(scene), contains("The Engine is down: no permission"));
}

TEST_CASE("a container that shares a network has no traffic of its own") {
  StatusScene scene;
  scene.add("web", [](auto& container) { container.network_mode = "host"; });
  CHECK_THAT(section(page_of(scene), "networks"), contains("which has its traffic"));
}

TEST_CASE("the networks of a container are told with its addresses") {
  StatusScene scene;
  scene.add("web", [](auto& container) {
    container.network_mode = "shop_default";
    container.attached_networks = {{"back <b>", "10.0.0.2", "fd00::2"}, {"shop_default", "", ""}};
  });
  const auto networks = section(page_of(scene), "networks");
  CHECK_THAT(networks, contains("<dt>Network</dt><dd>shop_default</dd>"));
  CHECK_THAT(networks, contains("<dt>Attached to</dt><dd>back &lt;b&gt;: 10.0.0.2, fd00::2</dd>"));
  CHECK(networks.find("<dd>shop_default</dd>") == networks.rfind("<dd>shop_default</dd>"));
}

TEST_CASE("health is told with its last check and its changes") {
  StatusScene scene;
  scene.add("web", [](auto& container) {
    container.health = model::Health::unhealthy;
    container.health_failing_streak = 2;
    container.last_health_check = {.duration_seconds = 0.25, .exit_code = -1};
  });
  scene.record_after([](model::EngineSnapshot& engine) {
    auto container = *engine.containers.front().container;
    container.health = model::Health::healthy;
    engine.containers.front().container = std::make_shared<model::Container>(container);
  });
  const auto health = section(page_of(scene), "health");
  CHECK_THAT(health, contains("none: ended at its timeout"));
  CHECK_THAT(health, contains("<dd>0.25 s</dd>"));
  CHECK(health.find("health healthy") < health.find("health unhealthy"));
}
