#include "bench/measure/environment.hpp"

#include <gtest/gtest.h>

namespace dsx {
namespace {

TEST(CommandLine, IsRecordedWithoutSecrets) {
  EXPECT_EQ(bench::without_user_info("study --track http://me:secret@host:1/x --lr 1"),
            "study --track http://host:1/x --lr 1");
  EXPECT_EQ(bench::without_user_info("https://me:p@ss/w0rd@host/a https://u:v@b"),
            "https://host/a https://b");
  EXPECT_EQ(bench::without_user_info("'http://me:s@host' me@home"), "'http://host' me@home");
  EXPECT_EQ(bench::without_user_info("/home/http:/me:s@host/x"), "/home/http:/host/x") << "made a path";
  EXPECT_EQ(bench::without_user_info("http://"), "http://");
}

}  // namespace
}  // namespace dsx
