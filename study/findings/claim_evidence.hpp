// What a claim may read: records and tables of the comparison, each looked up with the reason when it is not
// there. Stages that a comparison may lack (swapped operators, training-set sizes, mechanism) are read
// through their tables:
//   swap            records of topic swap_parts, key "operator/half/predicted_positive_rate"; table
//   swap_control mechanism       table mechanism_words: word, variant_a, variant_b, reading training sizes
//   the ordinary records at the smallest size (with_least_images()); table limited_difference:
//                   change of a - b with each doubling of the training images
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study/analysis/analysis.hpp"
#include "study/findings/claim_parts.hpp"

namespace dsx::findings {

class Evidence {
 public:
  explicit Evidence(const analysis::Analysis& analysis)
      : analysis_(analysis), noise_(analysis.comparison.noises.front()) {}

  const analysis::Analysis& analysis() const { return analysis_; }
  const analysis::NoiseLevel& noise() const { return noise_; }  // clean labels, or the least noise
  bool has(const std::string& variant) const;
  std::vector<std::string> others(
      const std::string& variant) const;  // of the original's three, those trained
  const analysis::ResultTable* table(const std::string& name) const;  // null: that stage did not run

  // "a - b", claimed above 0.
  Part difference(const std::string& topic, const std::string& key, const std::string& a,
                  const std::string& b) const;
  Part of_variant(const std::string& topic, const std::string& key, const std::string& variant) const;
  Part latency_ratio(const std::string& a, const std::string& b) const;  // "a / b", claimed above 1
  // sd over seeds of a over that of b, claimed above 1.
  Part spread_ratio(const std::string& topic, const std::string& key, const std::string& a,
                    const std::string& b) const;
  // A row of a stage's table with these labels; not estimable ("not measured: ...") without it.
  Part row(const std::string& table, const std::vector<std::pair<std::string, std::string>>& labels,
           const std::string& name, const std::string& stage) const;
  // The same comparison at its smallest training set, clean labels; nothing where there is one size only.
  std::optional<Evidence> with_least_images() const;

 private:
  const analysis::Analysis& analysis_;
  analysis::NoiseLevel noise_;
};

extern const char* const kSwapStage;  // what to run where a stage is missing
extern const char* const kSizesStage;
extern const char* const kMechanismStage;

}  // namespace dsx::findings
