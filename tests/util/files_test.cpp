#include "tidegauge/util/files.h"

#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;

TEST_CASE("a regular file is readable, and the error of another path has the reason") {
  const test::TemporaryDirectory directory;
  CHECK_FALSE(why_unreadable(directory.write("file", "")));
  CHECK(why_unreadable(directory.file("absent")) == "cannot be read: No such file or directory");
  CHECK(why_unreadable(directory.path()) == "is no file");
  CHECK(why_unreadable("/dev/null") == "is no file");
}
