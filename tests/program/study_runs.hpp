// Tiny studies for the program tests: settings that train in a second, and the numbers that two runs must
// share bit by bit.
#pragma once

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "data/io/h5.hpp"
#include "tests/program/run_program.hpp"

namespace dsx {

using Words = std::vector<std::string>;

inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// One thread: a neighbour on the other CPU cannot stretch the test.
inline Words split_words(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<std::string>(words), {}};
}
inline Words tiny() {
  return split_words(
      "--size 32 --synthetic-train 64 --synthetic-val 32 --synthetic-test 32 --batch 16 --epochs 3 --threads "
      "1 "
      "--lr .05 --schedule constant --warmup-epochs 0 --latency-iterations 5 --progress none");
}

// `words` with another value for a flag that is there.
inline Words with(Words words, const std::string& flag, const std::string& value) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == flag) words[i + 1] = value;
  return words;
}

inline nlohmann::json summary_of(const std::filesystem::path& run) {
  return nlohmann::json::parse(slurp(run / "summary.json"), nullptr, false);
}

// Weights by name, as stored.
inline std::map<std::string, std::vector<float>> weights_of(const std::filesystem::path& checkpoint) {
  const data::h5::Reader in(checkpoint);
  std::map<std::string, std::vector<float>> weights;
  for (const std::string& name : in.names("weights")) weights[name] = in.numbers<float>("weights/" + name);
  return weights;
}

// Every column of the history that is not a time. NaN is turned into a number that no metric has.
inline std::map<std::string, std::vector<double>> history_of(const std::filesystem::path& run) {
  const data::h5::Reader in(run / "last.h5");
  std::map<std::string, std::vector<double>> history;
  for (const std::string& name : in.names("history")) {
    if (name.ends_with("_s")) continue;
    std::vector<double> values = in.numbers<double>("history/" + name);
    for (double& value : values) value = value != value ? -99 : value;
    history[name] = values;
  }
  return history;
}

inline void expect_same_run(const std::filesystem::path& a, const std::filesystem::path& b) {
  EXPECT_EQ(weights_of(a / "last.h5"), weights_of(b / "last.h5")) << "weights of the last epoch";
  EXPECT_EQ(weights_of(a / "best.h5"), weights_of(b / "best.h5")) << "weights of the best epoch";
  EXPECT_EQ(history_of(a), history_of(b)) << "losses and metrics";
  const nlohmann::json first = summary_of(a), second = summary_of(b);
  EXPECT_EQ(first["best"], second["best"]) << "final metrics and threshold";
}

}  // namespace dsx
