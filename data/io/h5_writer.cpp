// Writing HDF5 files that are either complete or absent: a temporary, synced, then renamed.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "data/io/h5.hpp"
#include "data/io/h5_internal.hpp"
#include "data/io/sealed_file.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::data::h5 {
namespace fs = std::filesystem;
namespace {

H5::StrType fixed_string(std::size_t bytes) {
  H5::StrType type(H5::PredType::C_S1, std::max<std::size_t>(1, bytes));
  type.setCset(H5T_CSET_UTF8);
  type.setStrpad(H5T_STR_NULLPAD);
  return type;
}

}  // namespace

Writer::Writer(fs::path path, Seal seal) : path_(std::move(path)), seal_(seal), temporary_(path_) {
  const Lock lock;
  try {
    H5::FileCreatPropList creation;
    if (seal_ == Seal::yes) creation.setUserblock(kSealBlock);
    file_ = H5::H5File(temporary_.path().string(), H5F_ACC_TRUNC, creation, access_options());
    open_ = true;
  } catch (const H5::Exception& error) {
    fail(error);
  }
}

Writer::~Writer() {
  if (!open_) return;
  const Lock lock;
  // Where writing failed, closing would write again and fail again, which HDF5 1.10 does not survive: the
  // second attempt (by ~H5File, or at exit) reads freed memory. So an abandoned file is never closed: one
  // more reference keeps it open to the end of the process, and its space is given back here.
  std::error_code ignored;
  fs::resize_file(temporary_.path(), 0, ignored);
  H5Iinc_ref(file_.getId());
}

void Writer::commit() {
  const Lock lock;
  try {
    file_.flush(H5F_SCOPE_GLOBAL);
    file_.close();
  } catch (const H5::Exception& error) {
    fail(error);
  }
  open_ = false;
  if (seal_ == Seal::yes) write_seal(temporary_.path(), path_);
  temporary_.publish();
}

void Writer::begin_writeback() const {
#ifdef SYNC_FILE_RANGE_WRITE
  ::sync_file_range(temporary_.descriptor(), 0, 0, SYNC_FILE_RANGE_WRITE);  // of the whole file; best effort
#endif
}

void Writer::fail(const H5::Exception& error) const {
  std::string what = describe(error);
  std::error_code ignored;
  const fs::space_info space = fs::space(temporary_.path().parent_path(), ignored);
  if (!ignored && space.available < kChunkBytes)
    what = "the disk is full; free some space or choose another folder";
  throw OutputError(fmt::format("{}: cannot write: {}", path_.string(), what));
}

void Writer::attribute(const std::string& name, const std::string& bytes) {
  const Lock lock;
  const std::string value = as_utf8(bytes);
  try {
    const H5::StrType type = fixed_string(value.size());
    const std::string padded = value.empty() ? std::string(1, '\0') : value;
    file_.createAttribute(name, type, H5::DataSpace(H5S_SCALAR))
        .write(type, static_cast<const void*>(padded.data()));
  } catch (const H5::Exception& error) {
    fail(error);
  }
}

void Writer::attribute(const std::string& name, std::int64_t value) {
  const Lock lock;
  try {
    file_.createAttribute(name, H5::PredType::STD_I64LE, H5::DataSpace(H5S_SCALAR))
        .write(H5::PredType::NATIVE_INT64, &value);
  } catch (const H5::Exception& error) {
    fail(error);
  }
}

void Writer::attribute(const std::string& name, double value) {
  const Lock lock;
  try {
    file_.createAttribute(name, H5::PredType::IEEE_F64LE, H5::DataSpace(H5S_SCALAR))
        .write(H5::PredType::NATIVE_DOUBLE, &value);
  } catch (const H5::Exception& error) {
    fail(error);
  }
}

namespace {

// Compressed tables are cut along the first axis into chunks of about kChunkBytes.
H5::DSetCreatPropList creation_options(const std::vector<hsize_t>& shape, std::size_t element_bytes,
                                       int deflate) {
  H5::DSetCreatPropList options;
  const bool empty = std::find(shape.begin(), shape.end(), 0U) != shape.end();
  if (deflate <= 0 || shape.empty() || empty) return options;
  std::vector<hsize_t> chunk = shape;
  const hsize_t row_bytes = std::accumulate(shape.begin() + 1, shape.end(),
                                            static_cast<hsize_t>(element_bytes), std::multiplies<>());
  chunk[0] = std::clamp<hsize_t>(kChunkBytes / std::max<hsize_t>(1, row_bytes), 1, shape[0]);
  options.setChunk(static_cast<int>(chunk.size()), chunk.data());
  if (element_bytes > 1) options.setShuffle();
  options.setDeflate(static_cast<unsigned>(deflate));
  return options;
}

H5::DataSet create(H5::H5File& file, const std::string& name, const H5::DataType& type,
                   const std::vector<hsize_t>& shape, int deflate) {
  H5::LinkCreatPropList parents;
  parents.setCreateIntermediateGroup(true);
  const H5::DataSpace space =
      shape.empty() ? H5::DataSpace(H5S_SCALAR) : H5::DataSpace(static_cast<int>(shape.size()), shape.data());
  return file.createDataSet(name, type, space, creation_options(shape, type.getSize(), deflate),
                            H5::DSetAccPropList::DEFAULT, parents);
}

}  // namespace

void Writer::string(const std::string& name, const std::string& bytes) {
  const Lock lock;
  const std::string value = as_utf8(bytes);
  try {
    const H5::StrType type = fixed_string(value.size());
    const std::string padded = value.empty() ? std::string(1, '\0') : value;
    create(file_, name, type, {}, 0).write(static_cast<const void*>(padded.data()), type);
  } catch (const H5::Exception& error) {
    fail(error);
  }
}

void Writer::strings(const std::string& name, std::span<const std::string> texts) {
  const Lock lock;
  std::vector<std::string> values;
  std::size_t width = 1;
  for (const std::string& text : texts) {
    values.push_back(as_utf8(text));
    width = std::max(width, values.back().size());
  }
  std::vector<char> cells(width * values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), &cells[i * width]);
  try {
    const H5::StrType type = fixed_string(width);
    const H5::DataSet data = create(file_, name, type, {values.size()}, cells.size() > 4096 ? 4 : 0);
    if (!values.empty()) data.write(static_cast<const void*>(cells.data()), type);
  } catch (const H5::Exception& error) {
    fail(error);
  }
}

template <typename T>
void Writer::numbers(const std::string& name, std::span<const T> values, std::vector<std::size_t> shape,
                     int deflate) {
  const Lock lock;
  if (shape.empty()) shape = {values.size()};
  if (count_of(shape) != values.size())
    throw std::logic_error(
        fmt::format("h5: data set '{}': the shape does not fit {} values", name, values.size()));
  try {
    const H5::DataSet data =
        create(file_, name, native_type<T>(), std::vector<hsize_t>(shape.begin(), shape.end()), deflate);
    if (!values.empty()) data.write(values.data(), native_type<T>());
  } catch (const H5::Exception& error) {
    fail(error);
  }
}

template void Writer::numbers(const std::string&, std::span<const float>, std::vector<std::size_t>, int);
template void Writer::numbers(const std::string&, std::span<const double>, std::vector<std::size_t>, int);
template void Writer::numbers(const std::string&, std::span<const std::int32_t>, std::vector<std::size_t>,
                              int);
template void Writer::numbers(const std::string&, std::span<const std::int64_t>, std::vector<std::size_t>,
                              int);
template void Writer::numbers(const std::string&, std::span<const std::uint8_t>, std::vector<std::size_t>,
                              int);
template void Writer::numbers(const std::string&, std::span<const std::uint64_t>, std::vector<std::size_t>,
                              int);

}  // namespace dsx::data::h5
