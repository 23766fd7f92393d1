// A topic is a list of figures that every cell has (generalization: AUC of test, ...). From it come, always
// in the same way, a table over seeds, a table of paired differences between variants, and the records that
// verdicts and claims are decided from. What a topic's figures are is in generalization.cpp, decision.cpp,
// calibration.cpp and shift.cpp.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "study/analysis/figures.hpp"
#include "study/analysis/result_table.hpp"

namespace dsx::analysis {

// One figure of a topic, made of a cell's named figures: {"train/auc", 1}, {"val/auc", -1} is a gap.
struct TopicFigure {
  std::vector<ResultValue> labels;  // {"test", "auc"}: values of Topic::label_columns
  std::vector<std::pair<std::string, double>> terms;
  FigureRange range;
};

struct Topic {
  std::string name, title;
  std::vector<std::string> label_columns;  // {"split", "metric"}
  std::vector<TopicFigure> figures;
};

// What was found over seeds, for one variant (b empty) or a pair: a minus b.
struct Record {
  std::string topic, key;  // key: labels joined by '/', "test/auc"
  NoiseLevel noise;
  std::string a, b;
  OverSeeds found;
};

class Records {
 public:
  void add(Record record) { records_.push_back(std::move(record)); }
  const Record* find(const std::string& topic, const std::string& key, const NoiseLevel& noise,
                     const std::string& a, const std::string& b = "") const;
  // The difference a - b, also when it was taken the other way round. Not estimable when there is none.
  statistics::Estimate difference(const std::string& topic, const std::string& key, const NoiseLevel& noise,
                                  const std::string& a, const std::string& b) const;

 private:
  std::vector<Record> records_;
};
statistics::Estimate negated(statistics::Estimate estimate);

// Column names and values of the estimates, in docs/comparison_files.md's order.
const std::vector<std::string>& estimate_columns();
const std::vector<std::string>& over_seeds_columns();
std::vector<ResultValue> values_of(const statistics::Estimate& estimate);
std::vector<ResultValue> values_of(const OverSeeds& found, bool is_difference);
std::vector<ResultValue> operator+(std::vector<ResultValue> a, const std::vector<ResultValue>& b);
std::vector<ResultValue> labels_of(const NoiseLevel& noise);  // noise_kind, noise, train_images
std::vector<ResultValue> labels_of(const JudgedCell& cell);   // ..., variant, seed, learnt
std::string key_of(const std::vector<ResultValue>& labels);

// Adds tables <name> and <name>_difference, and their records.
void add_topic(const Comparison& comparison, const Figures& figures, const Topic& topic,
               ComparisonResults& results, Records& records);
std::vector<std::vector<Term>> terms_of(const Comparison& comparison, const NoiseLevel& noise,
                                        const std::string& a, const std::string& b,
                                        const std::vector<std::pair<std::string, double>>& terms);

}  // namespace dsx::analysis
