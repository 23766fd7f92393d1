// Tiny sweeps for the program tests.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/program/study_runs.hpp"

namespace dsx {

class CompareTest : public ProgramTest {
 protected:
  // Settings of a sweep whose cells train in a tenth of a second.
  static Words small() {
    return split_words(
        "--size 32 --synthetic-train 64 --synthetic-val 32 --synthetic-test 32 --batch 16 --epochs 3 "
        "--threads "
        "1 --lr .05 --schedule constant --warmup-epochs 0 --progress none");
  }
  // Cells that last about a second, with state in everything that has any.
  static Words longer() {
    return split_words(
        "--size 64 --synthetic-train 256 --synthetic-val 32 --synthetic-test 32 --batch 16 --epochs 6 "
        "--threads 1 --weight-decay .001 --flip .5 --patience 0 --progress none --seeds 1 --label-noise "
        "0,0.2 "
        "--noise-kinds instance");
  }
  // Without latency, which takes a minute, and the page (study_report_test.cpp has both), and with few
  // resamples.
  Finished compare(const Words& words) const {
    return run("study", Words{"compare", "--no-latency", "--no-page", "--resamples", "100"} + words);
  }
  std::filesystem::path sweep(const std::string& name) const { return folder_ / name; }
  std::filesystem::path cell(const std::string& name, const std::string& cell) const {
    return sweep(name) / "cells" / cell;
  }
  std::vector<std::string> cells(const std::string& name) const {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(sweep(name) / "cells", ignored))
      if (!entry.path().filename().string().starts_with("."))  // a killed cell's temporary
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  // When each cell's summary was written last: a cell that runs again changes it.
  std::map<std::string, std::filesystem::file_time_type> times(const std::string& name) const {
    std::map<std::string, std::filesystem::file_time_type> result;
    for (const std::string& c : cells(name))
      result[c] = std::filesystem::last_write_time(cell(name, c) / "summary.json");
    return result;
  }
  void expect_error(const Words& words, int code, const std::string& text) const {
    const Finished done = compare(words);
    std::string command;
    for (const std::string& word : words) command += " " + word;
    EXPECT_EQ(done.code, code) << command << "\n" << done.err;
    EXPECT_THAT(done.err, ::testing::HasSubstr("study: error: ")) << command;
    EXPECT_THAT(done.err, ::testing::HasSubstr(text)) << command;
    EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
  }
};

}  // namespace dsx
