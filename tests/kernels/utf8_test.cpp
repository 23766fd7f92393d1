// The convention for bytes that are no text, at the edges of Unicode's table 3-7, and JSON by it.
#include "kernels/base/utf8.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/base/json_text.hpp"

namespace dsx {
namespace {

TEST(Utf8, OnlyBytesThatAreNoneAreEscaped) {
  EXPECT_EQ(as_utf8("r\xf6ntgen"), "r\\xf6ntgen");
  EXPECT_EQ(as_utf8("r\xc3\xb6ntgen"), "r\xc3\xb6ntgen");
  EXPECT_EQ(as_utf8(""), "");
  EXPECT_EQ(as_utf8("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(as_utf8("end \xe2\x82"), "end \\xe2\\x82") << "a character that is cut off";
}

TEST(Utf8, TheFormsThatUnicodeForbidsAreNone) {
  for (const char* bad : {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xe2\x28\xa1"})
    EXPECT_FALSE(is_utf8(bad)) << as_utf8(bad);
  for (const char* good : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << as_utf8(good);
}

TEST(Utf8, WhateverTheBytesTheTextIsUtf8AndStaysAsItIs) {
  for (unsigned a = 0; a < 256; ++a)
    for (unsigned b = 0; b < 256; ++b) {
      const std::string bytes = {static_cast<char>(a), static_cast<char>(b), 'x', static_cast<char>(a)};
      const std::string text = as_utf8(bytes);
      ASSERT_TRUE(is_utf8(text)) << a << " " << b;
      ASSERT_EQ(as_utf8(text), text) << a << " " << b;
      ASSERT_EQ(one_line(bytes).find_first_of("\n\r\t\x1b"), std::string::npos) << a << " " << b;
    }
}

TEST(Utf8, OneLineShowsWhatWouldBreakATable) {
  EXPECT_EQ(one_line("a\nb\r\tc\x1b[1m"), "a\\nb\\r\\tc\\x1b[1m");
  EXPECT_EQ(one_line("a\xe2\x80\xa8z\xc2\x85"), "a\\u2028z\\u0085");
  EXPECT_EQ(one_line("st\xf6rung"), "st\\xf6rung");
  EXPECT_EQ(code_points("r\xc3\xb6n"), 3U);
}

TEST(JsonText, IsUtf8InKeysAndTexts) {
  const nlohmann::ordered_json json{
      {"st\xf6r", {1, "f\xfcr", nullptr}}, {"b", {{"\xff", true}}}, {"a", std::nan("")}};
  EXPECT_EQ(json_text(json), R"({"st\\xf6r":[1,"f\\xfcr",null],"b":{"\\xff":true},"a":null})");
  EXPECT_EQ(json_text(nlohmann::json("plain")), "\"plain\"");
  EXPECT_EQ(json_text(nlohmann::json{{"a", 1}}, 1), "{\n \"a\": 1\n}");
}

}  // namespace
}  // namespace dsx
