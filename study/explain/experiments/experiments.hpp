// The experiments of `study explain`: one row in the table of experiments.cpp and one file each.
#pragma once

#include <vector>

#include "study/explain/experiment.hpp"

namespace dsx::explain {

const std::vector<Experiment>& experiment_table();

// The functions of its rows: run_<name> is in <name>.cpp.
void run_whole(ExplainContext& context, ExperimentReport& report);
void run_factorial(ExplainContext& context, ExperimentReport& report);
void run_dispatch(ExplainContext& context, ExperimentReport& report);
void run_working_set(ExplainContext& context, ExperimentReport& report);
void run_hot_cold(ExplainContext& context, ExperimentReport& report);
void run_strips(ExplainContext& context, ExperimentReport& report);
void run_fused(ExplainContext& context, ExperimentReport& report);
void run_algorithm(ExplainContext& context, ExperimentReport& report);
void run_data_dependence(ExplainContext& context, ExperimentReport& report);
void run_threads(ExplainContext& context, ExperimentReport& report);
void run_original(ExplainContext& context, ExperimentReport& report);
void run_parallelism(ExplainContext& context, ExperimentReport& report);
void run_prediction(ExplainContext& context, ExperimentReport& report);

// What they say about causes, of their reports alone: evidence_of_<name> is in <name>.cpp.
std::vector<Evidence> evidence_of_working_set(const ExperimentReport& report);
std::vector<Evidence> evidence_of_hot_cold(const ExperimentReport& report);
std::vector<Evidence> evidence_of_strips(const ExperimentReport& report);
std::vector<Evidence> evidence_of_fused(const ExperimentReport& report);
std::vector<Evidence> evidence_of_data_dependence(const ExperimentReport& report);
std::vector<Evidence> evidence_of_parallelism(const ExperimentReport& report);
std::vector<Evidence> evidence_of_prediction(const ExperimentReport& report);
std::vector<Evidence> evidence_of_original(const ExperimentReport& report);

}  // namespace dsx::explain
