#include <chrono>
#include <string>

#include "metrics/example_input.h"
#include "status/status_scene.h"
#include "support/catch.h"
#include "tidegauge/status/pages.h"

using namespace std::chrono_literals;
using namespace tidegauge;
using test::contains;
using test::StatusScene;

namespace {

std::string page_of(const StatusScene& scene) {
  return status::overview_page(scene.input());
}

/// From the text to the end of the row that it is in.
std::string row_from(const std::string& page, const std::string& text) {
  const auto begin = page.find(text);
  REQUIRE(begin != std::string::npos);
  return page.substr(begin, page.find("</tr>", begin) - begin);
}

std::size_t count_of(const std::string& page, const std::string& text) {
  std::size_t count = 0;
  for (auto at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("an overview is a whole document with relative addresses") {
  const auto page = page_of(StatusScene());
  CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\"><head>"));
  CHECK(page.ends_with("</body></html>"));
  CHECK_THAT(page, contains("<title>Overview - dock - tidegauge</title>"));
  CHECK_THAT(page, contains("href=\"assets/page.css\""));
  CHECK_THAT(page, contains("<a href=\"./\" aria-current=\"page\">Overview</a>"));
  CHECK(page.find("=\"/") == std::string::npos);
  CHECK(page.find("//") == std::string::npos);
}

TEST_CASE("a container has a row with a link and its numbers") {
  StatusScene scene;
  scene
      .add("web",
           [](auto& container) {
             container.limits.memory_bytes = 128 * 1024 * 1024;
             container.health = model::Health::healthy;
           })
      .stats = StatusScene::stats([](auto& stats) {
    stats.memory.emplace().usage_bytes = 64 * 1024 * 1024;
    stats.pids = 12;
    stats.pids_limit = 100;
    stats.cpu.emplace().usage_seconds = 5;
    stats.read_at = StatusScene::now;
  });
  scene.engine.lifecycles = {{"web", {.restarts = 4}}};
  scene.record_after([](model::EngineSnapshot& engine) {
    engine.containers.front().stats = StatusScene::stats([](auto& stats) {
      stats.cpu.emplace().usage_seconds = 0;
      stats.read_at = StatusScene::now - 10s;
    });
  });
  const auto row = row_from(page_of(scene), "data-key=\"local/web\"");
  CHECK_THAT(row, contains("<a href=\"containers/local/web\">web</a>"));
  CHECK_THAT(row, contains("<span class=\"state running\">running</span>"));
  CHECK_THAT(row, contains("<span class=\"health healthy\">healthy</span>"));
  CHECK_THAT(row, contains("data-key=\"restarts\" data-value=\"4\">4<"));
  CHECK_THAT(row, contains("data-key=\"cpu\" data-value=\"0.5\" title=\"0.5 cores of CPU in use\">"
                           "<span class=\"number\">50 %</span>"));
  CHECK_THAT(row, contains("data-value=\"67108864\" title=\"67,108,864 bytes of 134,217,728 "
                           "bytes\"><span class=\"number\">64 MiB</span>"));
  CHECK_THAT(row, contains("data-key=\"pids\" data-value=\"12\" title=\"at most 100\">12<"));
  CHECK_THAT(row, contains(">2 h</time>"));
}

TEST_CASE("what is not known is a dash without a value") {
  StatusScene scene;
  scene.add("web");
  const auto row = row_from(page_of(scene), "data-key=\"local/web\"");
  for (const std::string key :
       {"health", "restarts", "last_end", "cpu", "memory", "network", "disk", "pids", "pressure"}) {
    CHECK_THAT(row, contains("<td role=\"cell\" data-key=\"" + key + "\" data-value=\"\">–</td>"));
  }
}

TEST_CASE("while the Engine is down, the state of its containers is not known") {
  StatusScene scene;
  scene.engine.up = false;
  scene.engine.down_reason = "it hangs";
  CHECK_THAT(page_of(scene), contains("only containers that the kernel shows"));
  scene.add("web").state_known = false;
  const auto page = page_of(scene);
  CHECK_THAT(row_from(page, "data-key=\"local/web\""), contains("not known"));
  CHECK_THAT(row_from(page, "<tr data-key=\"local\""), contains("it hangs"));
}

TEST_CASE("names, images and texts of others come out as text") {
  const std::string attack = "<img src=x onerror=alert(1)>";
  StatusScene scene;
  scene.add(attack, [&](auto& container) {
    container.image = attack;
    container.labels = {{"com.docker.compose.project", attack}};
  });
  scene.add("plain");
  scene.add_end(attack, model::EndCause::error, 1min).evidence = {
      {.at = StatusScene::now, .source = {}, .text = attack}};
  scene.engine.down_reason = attack;
  scene.engine.up = false;
  const auto page = page_of(scene);
  CHECK(page.find("<img") == std::string::npos);
  CHECK(count_of(page, "&lt;img src=x onerror=alert(1)&gt;") >= 6);
  CHECK_THAT(page, contains("containers/local/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E"));
}

TEST_CASE("the projects of Compose are groups with sums, and what has none comes last") {
  StatusScene scene;
  const auto add = [&](const std::string& name, const std::string& project) {
    scene
        .add(name,
             [&](auto& container) {
               if (!project.empty()) {
                 container.labels = {{"com.docker.compose.project", project}};
               }
             })
        .stats = StatusScene::stats([](auto& stats) {
      stats.memory.emplace().usage_bytes = 1024;
      stats.pids = 2;
    });
  };
  add("alone", "");
  add("db", "shop");
  add("web", "shop");
  const auto page = page_of(scene);
  const auto shop = page.find("<tbody role=\"rowgroup\" data-group=\"local/shop\">");
  const auto none = page.find("<tbody role=\"rowgroup\" data-group=\"local/\">");
  REQUIRE(shop != std::string::npos);
  CHECK(shop < none);
  const auto group = row_from(page.substr(shop), "<tr role=\"row\" class=\"group\">");
  CHECK_THAT(group, contains("<th scope=\"rowgroup\" role=\"rowheader\">shop</th>"));
  CHECK_THAT(group, contains("2 of 2 run"));
  CHECK_THAT(group,
             contains("data-key=\"memory\" data-value=\"2048\"><span class=\"number\">2 KiB<"));
  CHECK_THAT(group, contains("data-key=\"pids\" data-value=\"4\">4<"));
  CHECK_THAT(page, contains("<p class=\"totals\">3 of 3 run. Together: 0 % CPU, 3 KiB memory, 0 "
                            "B/s network, 0 B/s disk, 6 processes and threads, 0 restarts.</p>"));
  CHECK(page.find(">web</a>") < none);
  CHECK(page.find(">alone</a>") > none);
}

TEST_CASE("what needs attention is listed, and otherwise it says so") {
  StatusScene scene;
  CHECK_THAT(page_of(scene), contains("<p class=\"all-well\">"));
  scene.add("web").stuck = true;
  const auto page = page_of(scene);
  CHECK_THAT(page, contains("Needs attention (1)</h2>"));
  CHECK_THAT(page, contains("<li class=\"bad\"><strong>Stuck</strong> "
                            "<a href=\"containers/local/web\">web</a>"));
}

TEST_CASE("the last ten ends are listed, the newest first") {
  StatusScene scene;
  for (int i = 0; i < 12; ++i) {
    scene.add_end("job-" + std::to_string(i), model::EndCause::error, 12min - i * 1min);
  }
  const auto page = page_of(scene);
  const auto ends = page.substr(page.find("id=\"ends\""));
  CHECK(ends.find("job-11") < ends.find("job-2<"));
  CHECK(ends.find("job-1<") == std::string::npos);
  CHECK_THAT(ends, contains("<span class=\"cause error\">error</span>"));
}

TEST_CASE("a name links to the page of its container, if there is one") {
  StatusScene scene;
  scene.add("..");
  scene.add("line\nbreak");
  scene.add_end("gone", model::EndCause::error, 1min);
  const auto page = page_of(scene);
  CHECK_THAT(page, contains("<span class=\"name\">gone</span>"));
  CHECK_THAT(page, contains("<span class=\"name\">line\\x0abreak</span>"));
  CHECK(page.find("href=\"containers/") == std::string::npos);
}

TEST_CASE("the machine has tiles, and where it is not known the page says why") {
  StatusScene scene;
  CHECK_THAT(page_of(scene), contains("Its numbers are not known"));
  auto host = std::make_shared<model::HostStats>();
  host->use.memory.emplace().usage_bytes = 1024;
  host->memory_bytes = 4096;
  host->filesystems = {{.device = "/dev/sda1", .usage_bytes = 10, .limit_bytes = 100}};
  host->engine_device = "/dev/sda1";
  scene.engine.host = host;
  const auto page = page_of(scene);
  CHECK_THAT(page, contains("1 KiB of 4 KiB"));
  CHECK_THAT(page, contains("/dev/sda1 (Engine&#39;s data)"));
}

TEST_CASE("everything that the model has is rendered") {
  auto example = test::example_input();
  const status::History history;
  const auto page = status::overview_page({.engines = example.engines,
                                           .pools = example.pools,
                                           .slots = {},
                                           .history = history,
                                           .now = StatusScene::now,
                                           .host_name = "dock"});
  CHECK_THAT(page, contains("20.10.24+dfsg1"));
  CHECK_THAT(page, contains("v2, systemd"));
  CHECK_THAT(page, contains("1 running, 1 paused, 1 exited"));
}
