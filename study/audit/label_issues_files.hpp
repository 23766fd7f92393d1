// Label issues as CSV and JSON, and the probabilities they come from, there and back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "study/audit/label_issues.hpp"

namespace dsx::audit {

// CSV: name, label, probability, fold (others are ignored). Reading throws DataError: missing images, names
// twice, a label that is not the data set's (given by `labels`), no probability.
void write_probabilities(const std::filesystem::path& path, const data::Dataset& dataset,
                         const std::vector<float>& labels, const OutOfSample& out);
OutOfSample read_probabilities(const std::filesystem::path& path, const data::Dataset& dataset,
                               const std::vector<float>& labels);

std::string issues_csv(const data::Dataset& dataset, const LabelIssues& issues);
std::string issues_json(const data::Dataset& dataset, const LabelIssues& issues);

}  // namespace dsx::audit
