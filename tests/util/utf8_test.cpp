#include "tidegauge/util/utf8.h"

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("a UTF-8 character has its length, and other bytes have none") {
  CHECK(utf8_character_length("a") == 1);
  CHECK(utf8_character_length("\u00e9x") == 2);
  CHECK(utf8_character_length("\u20ac") == 3);
  CHECK(utf8_character_length("\U0001F600") == 4);
  for (const auto* text :
       {"\xff", "\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf5\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    CAPTURE(text);
    CHECK(utf8_character_length(text) == 0);
  }
}

TEST_CASE("a text is cut before the character that does not fit") {
  CHECK(utf8_prefix("abc", 3) == "abc");
  CHECK(utf8_prefix("abcd", 3) == "abc");
  CHECK(utf8_prefix("ab\u00e9", 3) == "ab");
  CHECK(utf8_prefix("ab\u00e9d", 4) == "ab\u00e9");
  CHECK(utf8_prefix("a\u20acb", 3) == "a");
  CHECK(utf8_prefix("\U0001F600", 3).empty());
  CHECK(utf8_prefix("abc", 0).empty());
  CHECK(utf8_prefix("\x80\x80\x80\x80\x80\x80", 4) == "\x80\x80\x80\x80");
}

TEST_CASE("a message is one line of UTF-8 within its limit") {
  CHECK(one_line("no such container", 256) == "no such container");
  CHECK(one_line("a\r\nb\tc\x1b\x7f", 256) == "a  b c  ");
  CHECK(one_line("caf\u00e9 \xff\xfe", 256) == "caf\u00e9 \\xff\\xfe");
  CHECK(one_line("1234567890", 10) == "1234567890");
  CHECK(one_line("12345678901", 10) == "1234567...");
  CHECK(one_line("123456\u00e9\u00e9\u00e9", 10) == "123456...");
  CHECK(one_line(std::string(1'000'000, 'x'), 256).size() == 256);
  CHECK(one_line("", 10).empty());
}

TEST_CASE("what a terminal would obey or not show is escaped, and all else is as it was") {
  CHECK(terminal_text("caf\u00e9 \u20ac \U0001F600 ~") == "caf\u00e9 \u20ac \U0001F600 ~");
  CHECK(terminal_text("\x1b[31mred\x07\n\t\x7f") == "\\x1b[31mred\\x07\\x0a\\x09\\x7f");
  CHECK(terminal_text(std::string_view("\0", 1)) == "\\x00");
  CHECK(terminal_text("\xff\xc2") == "\\xff\\xc2");
  CHECK(terminal_text("\u009b31m\u0080") == "\\u009b31m\\u0080");
  CHECK(terminal_text("abc\u202edcba\u2066\u200b\ufeff\u2028") ==
        "abc\\u202edcba\\u2066\\u200b\\ufeff\\u2028");
  CHECK(terminal_text("").empty());
}
