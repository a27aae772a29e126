#include <string>

#include "status/status_scene.h"
#include "support/catch.h"
#include "tidegauge/status/pages.h"

using namespace tidegauge;
using test::contains;
using test::StatusScene;

TEST_CASE("the pool page has the connections of each Engine by state, and each slot") {
  StatusScene scene;
  const auto web_id = scene.add("web").container->id;
  model::PoolStats pool;
  pool.endpoint = "local";
  pool.connections_idle = 3;
  pool.connections_max = 16;
  pool.circuit = model::CircuitState::open;
  pool.next_probe_seconds = 1.5;
  pool.quarantined = {{.id = web_id, .cause = "stuck", .next_call_seconds = 90},
                      {.id = "<b>0123456789abcdef", .cause = "failing"}};
  pool.acquire_failures = {1, 2};
  pool.wait_success.observe(0.002);
  scene.pools = {pool};
  scene.slots = {{"local",
                  {{.slot = 7,
                    .state = "leased",
                    .connected = true,
                    .uses = 1'234,
                    .holder = "<b>inspect web</b>"}}},
                 {"other", {{.slot = 99}}}};
  const auto page = status::pool_page(scene.input());
  CHECK_THAT(page, contains("circuit open"));
  CHECK_THAT(page, contains("the next probe is in 1.5 s"));
  CHECK_THAT(page, contains("<dt>Free</dt><dd>3</dd>"));
  CHECK_THAT(page, contains("<dt>Containers in quarantine</dt><dd>2</dd>"));
  CHECK_THAT(page, contains("containers/local/web\">web</a></th><td>a call got stuck</td>"
                            "<td>in 1 min</td>"));
  CHECK_THAT(page, contains(">&lt;b&gt;012345678</th><td>calls fail</td><td>now</td>"));
  CHECK_THAT(page, contains("<dt>Not acquired</dt><dd>3</dd>"));
  CHECK_THAT(page, contains("2 ms on average"));
  CHECK_THAT(page, contains("<span class=\"slot leased\">leased</span>"));
  CHECK_THAT(page, contains("<td>1,234</td><td>&lt;b&gt;inspect web&lt;/b&gt;</td>"));
  CHECK(page.find(">99<") == std::string::npos);
}
