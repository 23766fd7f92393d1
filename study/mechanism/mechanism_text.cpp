#include "study/mechanism/mechanism_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "study/cli/text_table.hpp"
#include "study/mechanism/network_tables.hpp"

namespace dsx::mechanism {
namespace {

using analysis::ResultTable;

const ResultTable* find_table(const Mechanism& mechanism, const std::string& name) {
  for (const ResultTable& table : mechanism.tables)
    if (table.name == name) return &table;
  return nullptr;
}

// The number of a row whose texts are as given; NaN when there is none.
double look_up(const ResultTable& table, const std::vector<std::pair<std::string, std::string>>& wanted,
               const std::string& column, double frequency = 0) {
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    bool fits = frequency == 0 || table.number(r, "frequency") == frequency;
    for (const auto& [name, value] : wanted) fits = fits && table.text(r, name) == value;
    if (fits) return table.number(r, column);
  }
  return std::nan("");
}

std::vector<std::string> values_in(const ResultTable& table, const std::string& column) {
  std::vector<std::string> values;
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (std::find(values.begin(), values.end(), table.text(r, column)) == values.end())
      values.push_back(table.text(r, column));
  return values;
}

std::string signals_text(const ResultTable& response, const ResultTable& signal) {
  cli::TextTable text({"operator", "gain at 1/8", "at 3/8", "aliased %", "noise left", "noise lifts",
                       "bright px: peak", "sum", "dark px: peak", "shift error %"});
  for (const std::string& variant : values_in(signal, "variant")) {
    const auto gain = [&](double frequency) {
      return cli::fixed(
          look_up(response, {{"variant", variant}, {"signal", "level"}, {"direction", "horizontal"}}, "gain",
                  frequency),
          2);
    };
    const auto figure = [&](const std::string& probe, const std::string& metric, double scale, int digits) {
      return cli::fixed(
          scale * look_up(signal, {{"variant", variant}, {"probe", probe}, {"metric", metric}}, "value"),
          digits);
    };
    text.add(
        {variant, gain(1 / 8.0), gain(3 / 8.0), figure("level gratings, horizontal", "aliased_share", 100, 1),
         figure("noise on a level", "variance_ratio", 1, 2), figure("noise on a level", "mean_shift", 1, 2),
         figure("bright spot, 1 px", "peak", 1, 2), figure("bright spot, 1 px", "mass", 1, 2),
         figure("dark spot, 1 px", "peak", 1, 2), figure("shift by 1 px", "error", 100, 1)});
  }
  return "What each operator does to a signal, without training. Gain of gratings of 1/8 and 3/8 cycles per "
         "pixel (above\n1/4 is aliased); share of the variance of what comes out that is aliased, all "
         "frequencies alike; variance of\nwhite noise that is left, and by how many standard deviations its "
         "mean rises; height and sum of one bright pixel;\nheight of one dark pixel; what a shift by one "
         "pixel "
         "changes beyond moving the output:\n" +
         text.str();
}

// "1.03 (1.01 - 1.05)" of a topic's record.
std::string found_text(const Mechanism& mechanism, const analysis::NoiseLevel& noise, const char* topic,
                       const std::string& key, const std::string& variant, double scale, int digits) {
  const analysis::Record* record = mechanism.records.find(topic, key, noise, variant);
  if (record == nullptr) return "-";
  const statistics::Estimate& e = record->found.estimate;
  // A figure of one seed, or the same in all, has no interval.
  if (!e.estimable())
    return record->found.of_seeds.empty() ? "not estimable"
                                          : cli::fixed(scale * record->found.value(), digits);
  return fmt::format("{} ({} - {})", cli::fixed(scale * e.value, digits), cli::fixed(scale * e.low, digits),
                     cli::fixed(scale * e.high, digits));
}

std::string networks_text(const Mechanism& mechanism, const ResultTable& layers, const ResultTable& border) {
  analysis::NoiseLevel noise;
  if (!border.rows.empty()) noise = {border.text(0, "noise_kind"), border.number(0, "noise")};
  const auto of = [&](const char* topic, const std::string& key, const std::string& variant, double scale,
                      int digits) {
    return found_text(mechanism, noise, topic, key, variant, scale, digits);
  };
  cli::TextTable inside(
      {"layer", "variant", "mean x", "99th percentile x", "tail x", "high frequencies, points"});
  for (const std::string& layer : values_in(layers, "layer"))
    for (const std::string& variant : values_in(layers, "variant")) {
      const std::string change = layer + "/change/";
      inside.add({layer, variant, of(kLayersTopic, change + "mean", variant, 1, 2),
                  of(kLayersTopic, change + "p99", variant, 1, 2),
                  of(kLayersTopic, change + "tail", variant, 1, 2),
                  of(kLayersTopic, change + "high_frequencies", variant, 100, 1)});
    }
  cli::TextTable seen({"variant", "AUC", "border grey", "border of another", "border alone",
                       "evidence in border %", "logit under noise, sd"});
  for (const std::string& variant : values_in(border, "variant"))
    seen.add({variant, of(kBorderTopic, "whole/auc", variant, 1, 3),
              of(kBorderTopic, "border_grey/auc", variant, 1, 3),
              of(kBorderTopic, "border_other/auc", variant, 1, 3),
              of(kBorderTopic, "border_alone/auc", variant, 1, 3),
              of(kBorderTopic, "windows/border_share", variant, 100, 1),
              of(kBorderTopic, "noise/logit_change", variant, 1, 3)});
  return "\nIn the trained networks, from before to after each downsampling (tail: 99th percentile over "
         "mean; high\nfrequencies: minus those of every second pixel):\n" +
         inside.str() + "\nWhat they say when the outer twentieth is covered, exchanged or alone:\n" +
         seen.str();
}

// What a row says in a line of its measure; empty for what is only in the table.
std::string words_of_row(const ResultTable& words, std::size_t r) {
  const std::string &a = words.text(r, "variant_a"), &b = words.text(r, "variant_b"),
                    &reading = words.text(r, "reading");
  if (reading == "not estimable") return "";
  if (b.empty())
    return fmt::format("{} {}", a, reading.empty() ? cli::fixed(words.number(r, "value"), 3) : reading);
  return reading == "more" || reading == "less" ? fmt::format("{} {} than {}", a, reading, b) : "";
}

// One line per measure: what it reads for each variant, and pairs that differ.
std::string words_text(const ResultTable& words) {
  std::string text, before;
  std::set<std::string> reasons;  // why some rows have no interval
  for (std::size_t r = 0; r < words.rows.size(); ++r) {
    const std::string said = words_of_row(words, r);
    if (words.text(r, "reading") == "not estimable") reasons.insert(words.text(r, "not_estimable"));
    if (said.empty()) continue;
    const std::string& layer = words.text(r, "layer");
    const std::string measure = fmt::format("{} ({}{})", words.text(r, "word"), words.text(r, "measure"),
                                            layer.empty() ? "" : ", " + layer);
    text += measure == before ? "; " + said : fmt::format("\n  {}:\n    {}", measure, said);
    before = measure;
  }
  if (!reasons.empty())
    text += fmt::format("\n  Others have no interval and so no reading: {}.", fmt::join(reasons, "; "));
  return "\nWhat the original's words come to:" + text + "\n";
}

}  // namespace

std::string mechanism_text(const Mechanism& mechanism) {
  const ResultTable *response = find_table(mechanism, "mechanism_response"),
                    *signal = find_table(mechanism, "mechanism_signal"),
                    *layers = find_table(mechanism, kLayersTopic),
                    *border = find_table(mechanism, kBorderTopic),
                    *words = find_table(mechanism, "mechanism_words");
  if (response == nullptr || signal == nullptr || words == nullptr)
    throw std::logic_error("a mechanism without its tables");
  std::string text = signals_text(*response, *signal);
  if (layers != nullptr && border != nullptr && !border->rows.empty())
    text += networks_text(mechanism, *layers, *border);
  text += words_text(*words);
  for (const std::string& note : mechanism.notes) text += note + "\n";
  return text;
}

}  // namespace dsx::mechanism
