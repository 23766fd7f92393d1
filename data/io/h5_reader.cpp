// Reading HDF5 files that someone else may have made or damaged: every type and size is checked before it is
// used.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "data/io/h5.hpp"
#include "data/io/h5_internal.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::data::h5 {
namespace fs = std::filesystem;
namespace {

std::vector<std::size_t> shape_of(const H5::DataSpace& space) {
  std::vector<hsize_t> extents(static_cast<std::size_t>(std::max(0, space.getSimpleExtentNdims())));
  if (!extents.empty()) space.getSimpleExtentDims(extents.data());
  return {extents.begin(), extents.end()};
}

// Fixed-length cells, each cut at its first NUL.
std::vector<std::string> split_cells(const std::vector<char>& cells, std::size_t width, std::size_t count) {
  std::vector<std::string> strings;
  strings.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* cell = cells.data() + i * width;
    strings.push_back(as_utf8({cell, strnlen(cell, width)}));
  }
  return strings;
}

}  // namespace

Reader::Reader(fs::path path, void (*check)(const fs::path&)) : path_(std::move(path)) {
  const Lock lock;
  std::error_code error;
  if (!fs::exists(path_, error)) fail("no such file");
  if (!fs::is_regular_file(path_, error)) fail("not a regular file");
  if (::access(path_.c_str(), R_OK) != 0) fail(std::strerror(errno));
  file_bytes_ = fs::file_size(path_, error);
  try {
    if (!H5::H5File::isHdf5(path_.string())) fail("not an HDF5 file");
    if (check != nullptr) check(path_);
    file_ = H5::H5File(path_.string(), H5F_ACC_RDONLY, H5::FileCreatPropList::DEFAULT, access_options());
  } catch (const H5::Exception&) {
    fail("damaged or truncated HDF5 file; make it again");
  }
}

Reader::~Reader() {
  const Lock lock;
  try {
    file_.close();
  } catch (const H5::Exception&) {  // nothing was written: nothing is lost
  }
}

void Reader::fail(const std::string& what) const {
  throw DataError(fmt::format("{}: {}", path_.string(), what));
}

bool Reader::has(const std::string& name) const {
  const Lock lock;
  try {
    for (std::size_t end = name.find('/');;
         end = name.find('/', end + 1)) {  // HDF5 asks for each parent to exist
      const std::string part = name.substr(0, end);
      if (!part.empty() && !file_.nameExists(part)) return false;
      if (end == std::string::npos) return true;
    }
  } catch (const H5::Exception&) {
    return false;
  }
}

bool Reader::has_attribute(const std::string& name) const {
  const Lock lock;
  try {
    return file_.attrExists(name);
  } catch (const H5::Exception&) {
    return false;
  }
}

H5::DataSet Reader::open(const std::string& name) const {
  const H5::DataSet data = file_.openDataSet(name);
  const H5::DSetCreatPropList layout = data.getCreatePlist();
  if (layout.getLayout() == H5D_VIRTUAL || layout.getExternalCount() > 0)
    fail(fmt::format("data set '{}' is in another file", name));
  const std::vector<std::size_t> shape = shape_of(data.getSpace());
  std::vector<std::vector<std::size_t>> claims = {shape};
  if (layout.getLayout() == H5D_CHUNKED) {
    std::vector<hsize_t> chunk(shape.size());
    layout.getChunk(static_cast<int>(chunk.size()), chunk.data());
    claims.emplace_back(chunk.begin(), chunk.end());
  }
  for (std::vector<std::size_t>& claim : claims) {
    claim.push_back(data.getDataType().getSize());
    const auto bytes = count_of(claim);
    if (!bytes || *bytes / kMaxRatio > file_bytes_)
      fail(fmt::format("data set '{}' claims more than the file can hold", name));
  }
  return data;
}

std::vector<std::string> Reader::names(const std::string& group) const {
  const Lock lock;
  try {
    const H5::Group opened = file_.openGroup(group);
    std::vector<std::string> found;
    for (hsize_t i = 0; i < opened.getNumObjs(); ++i) found.push_back(opened.getObjnameByIdx(i));
    std::sort(found.begin(), found.end());
    return found;
  } catch (const H5::Exception&) {
    fail(fmt::format("has no readable group '{}'", group));
  }
}

std::string Reader::attribute_string(const std::string& name) const {
  const Lock lock;
  try {
    const H5::Attribute attribute = file_.openAttribute(name);
    // One: the C++ binding reads into a single pointer however many there are.
    if (attribute.getTypeClass() != H5T_STRING || attribute.getSpace().getSimpleExtentNpoints() != 1)
      fail(fmt::format("attribute '{}' is not a text", name));
    const H5::StrType type = attribute.getStrType();
    if (attribute.getStorageSize() > kMaxStringBytes) fail(fmt::format("attribute '{}' is too long", name));
    if (type.isVariableStr()) {
      char* text = nullptr;  // stays null for a text that was never written
      attribute.read(type, static_cast<void*>(&text));
      const std::unique_ptr<char, herr_t (*)(void*)> freed(text, H5free_memory);
      return text == nullptr ? "" : as_utf8(text);
    }
    std::vector<char> cell(type.getSize());
    attribute.read(type, static_cast<void*>(cell.data()));
    return as_utf8({cell.data(), strnlen(cell.data(), cell.size())});
  } catch (const H5::Exception&) {
    fail(fmt::format("has no readable attribute '{}'", name));
  }
}

namespace {
template <typename T>
T read_scalar(const Reader& reader, const std::string& name) {
  const Lock lock;
  try {
    const H5::Attribute attribute = reader.file().openAttribute(name);
    const H5T_class_t kind = attribute.getTypeClass();
    if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || attribute.getSpace().getSimpleExtentNpoints() != 1)
      reader.fail(fmt::format("attribute '{}' is not a number", name));
    T value{};
    attribute.read(native_type<T>(), &value);
    return value;
  } catch (const H5::Exception&) {
    reader.fail(fmt::format("has no readable attribute '{}'", name));
  }
}
}  // namespace

std::int64_t Reader::attribute_int(const std::string& name) const {
  return read_scalar<std::int64_t>(*this, name);
}
double Reader::attribute_double(const std::string& name) const { return read_scalar<double>(*this, name); }

std::vector<std::size_t> Reader::shape(const std::string& name) const {
  const Lock lock;
  try {
    return shape_of(file_.openDataSet(name).getSpace());
  } catch (const H5::Exception&) {
    fail(fmt::format("has no readable data set '{}'", name));
  }
}

std::vector<std::string> Reader::strings(const std::string& name, std::size_t max_count) const {
  const Lock lock;
  try {
    const H5::DataSet data = open(name);
    if (data.getTypeClass() != H5T_STRING) fail(fmt::format("data set '{}' holds no texts", name));
    const auto count = count_of(shape_of(data.getSpace()));
    const H5::StrType type = data.getStrType();
    if (!count || *count > max_count) fail(fmt::format("data set '{}' claims too many texts", name));
    if (*count == 0) return {};
    // Never written here, and not to be bounded: all of them may be one long text, and asking HDF5 1.10 how
    // long they are (H5Dvlen_get_buf_size) writes past its own buffer for some shapes.
    if (type.isVariableStr()) fail(fmt::format("data set '{}' holds texts of variable length", name));
    const std::size_t width = type.getSize();
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(*count, width, &bytes) || bytes > kMaxStringBytes)
      fail(fmt::format("data set '{}' claims {} texts of {} bytes, which is too much", name, *count, width));
    if (!has_sound_chunks(data)) fail(fmt::format("data set '{}' is damaged", name));
    std::vector<char> cells(bytes);
    data.read(cells.data(), type);
    return split_cells(cells, width, *count);
  } catch (const H5::Exception&) {
    fail(fmt::format("has no readable data set '{}'", name));
  }
}

std::string Reader::string(const std::string& name) const {
  std::vector<std::string> one = strings(name, 1);
  if (one.size() != 1) fail(fmt::format("data set '{}' is not one text", name));
  return std::move(one.front());
}

template <typename T>
std::vector<T> Reader::numbers(const std::string& name, std::size_t max_bytes) const {
  const Lock lock;
  try {
    const H5::DataSet data = open(name);
    const H5T_class_t kind = data.getTypeClass();
    if (kind != H5T_INTEGER && kind != H5T_FLOAT) fail(fmt::format("data set '{}' holds no numbers", name));
    const auto count = count_of(shape_of(data.getSpace()));
    if (!count || *count > max_bytes / sizeof(T))
      fail(fmt::format("data set '{}' claims more than the {} bytes that are read at most", name, max_bytes));
    if (*count > 0 && !has_sound_chunks(data)) fail(fmt::format("data set '{}' is damaged", name));
    std::vector<T> values(*count);
    if (*count > 0) data.read(values.data(), native_type<T>());
    return values;
  } catch (const H5::Exception&) {
    fail(fmt::format("has no readable data set '{}'", name));
  }
}

template std::vector<float> Reader::numbers(const std::string&, std::size_t) const;
template std::vector<double> Reader::numbers(const std::string&, std::size_t) const;
template std::vector<std::int32_t> Reader::numbers(const std::string&, std::size_t) const;
template std::vector<std::int64_t> Reader::numbers(const std::string&, std::size_t) const;
template std::vector<std::uint8_t> Reader::numbers(const std::string&, std::size_t) const;
template std::vector<std::uint64_t> Reader::numbers(const std::string&, std::size_t) const;

}  // namespace dsx::data::h5
