// A network as an ONNX file: any batch size, weights inside, and in metadata_props what its input must look
// like.
#pragma once

#include <string>

#include "net/network.hpp"
#include "study/exchange/properties.hpp"

namespace dsx::exchange {

// The file's bytes, accepted by ONNX's own checker and shape inference. Input "input" [N, C, H, W], output
// "logit" [N, 1]. A quantized network is written in integers (net/onnx_int8.hpp). Throws UnsupportedError
// when the model is larger than one file can be (2 GB).
std::string onnx_file(const net::Network& network, const Properties& properties);

}  // namespace dsx::exchange
