// Weights as others save them: what a file is that is no safetensors file, prefixes that wrappers put before
// every name, and values that no network can use.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "study/exchange/safetensors.hpp"

namespace dsx::exchange {

// The file's bytes, of a safetensors file by its first ones. Throws DataError with what else it is and what
// to do: a PyTorch file (a program, never loaded), an index of several files, a folder, a web page, ...
std::vector<std::uint8_t> read_weights_file(const std::filesystem::path& file);

// Takes off the one prefix ("module.", "_orig_mod.", "model.", also several: "model._orig_mod.") that stands
// before every name, where all of `wanted` are there behind it and not without it; returns it, "" for none.
std::string take_common_prefix(SafetensorsHeader& header, std::span<const std::string> wanted);

// safetensor_values(), each a number: throws DataError that names the tensor and the place for NaN, infinity,
// or (F64) more than f32 can hold; and for a variance below 0.
std::vector<float> finite_values(std::span<const std::uint8_t> file, const SafeTensor& tensor);

}  // namespace dsx::exchange
