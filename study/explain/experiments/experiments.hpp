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
void run_prediction(ExplainContext& context, ExperimentReport& report);

}  // namespace dsx::explain
