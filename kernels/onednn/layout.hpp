// The four ways a study can store activations, and how each becomes a oneDNN memory descriptor.
// Explicit layouts are the point of the study: the reader must know what moved through the caches.
#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

namespace dsx::kernels {

// nhwc: channels innermost. nchw: PyTorch's default. blocked: nChw16c or nChw8c, whichever the CPU's vector
// length makes natural. any: oneDNN chooses per primitive, and reorders appear where choices differ.
enum class Layout { nhwc, nchw, blocked, any };

const std::vector<std::string>& layout_names();  // {"nhwc", "nchw", "blocked", "any"}
std::string to_string(Layout layout);
Layout layout_from_string(const std::string& name);  // throws ConfigError that lists the names

// Element types by the names oneDNN and benchdnn use: "f32", "bf16".
std::string to_string(dnnl::memory::data_type type);
// Of a network, as --dtype names them: "f32", "bf16", "int8" (u8: its activations). Throws ConfigError for
// another.
dnnl::memory::data_type data_type_from_string(const std::string& name);
std::string dtype_name(dnnl::memory::data_type type);

// Descriptor of an activation [N, C, H, W] (or [N, C]) in `layout`; format any for Layout::any.
dnnl::memory::desc activation_md(const dnnl::memory::dims& dims, dnnl::memory::data_type type, Layout layout);

// Plain row-major descriptor of any rank up to 5 (PyTorch's contiguous order: oihw, nchw, nc, x).
dnnl::memory::desc plain_md(const dnnl::memory::dims& dims,
                            dnnl::memory::data_type type = dnnl::memory::data_type::f32);

// Human name of a concrete descriptor, in oneDNN's tag letters: "f32 nhwc", "bf16 nChw16c", "f32 Acdb16a".
std::string describe(const dnnl::memory::desc& md);

// "32x6x158x158"
std::string dims_string(const dnnl::memory::dims& dims);

// Channels that a descriptor adds by padding (6 stored in a block of 16: 10).
int padded_channels(const dnnl::memory::desc& md);

}  // namespace dsx::kernels
