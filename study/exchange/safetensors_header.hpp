// The JSON part of a safetensors file. For safetensors.cpp only.
#pragma once

#include "study/exchange/safetensors.hpp"

namespace dsx::exchange {

// Offsets are as the header has them: from the data's start, unchecked. Throws DataError.
SafetensorsHeader read_safetensors_header(std::span<const std::uint8_t> json);

}  // namespace dsx::exchange
