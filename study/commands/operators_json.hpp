// The table of downsampling operators as JSON, for programs in other languages: what an operator is, in
// ONNX's words, for the shapes that they ask about.
#pragma once

#include <string>

namespace dsx::commands {

// `shapes`: "6x316x316,16x154x154", channels, rows and columns of what an operator reads.
std::string operators_json(const std::string& shapes);

}  // namespace dsx::commands
