// Bounds are checked here; DCMTK asks for what files claim.
#include "data/formats/dicom_stream.hpp"

#include <algorithm>
#include <cstring>

namespace dsx::data {
namespace {

class Factory : public DcmInputStreamFactory {
 public:
  Factory(std::span<const std::uint8_t> bytes, offile_off_t position) : bytes_(bytes), position_(position) {}
  DcmInputStream* create() const override { return new DicomMemoryStream(bytes_, position_); }
  DcmInputStreamFactory* clone() const override { return new Factory(*this); }
  DcmInputStreamFactoryType ident() const override { return DFT_DcmInputTempFileStreamFactory; }

 private:
  std::span<const std::uint8_t> bytes_;
  offile_off_t position_;
};

}  // namespace

offile_off_t DicomMemory::read(void* buffer, offile_off_t length) {
  const offile_off_t count = std::clamp<offile_off_t>(length, 0, avail());
  if (count > 0) std::memcpy(buffer, bytes_.data() + position_, static_cast<std::size_t>(count));
  position_ += count;
  return count;
}

offile_off_t DicomMemory::skip(offile_off_t length) {
  const offile_off_t count = std::clamp<offile_off_t>(length, 0, avail());
  position_ += count;
  return count;
}

DcmInputStreamFactory* DicomMemoryStream::newFactory() const {
  return new Factory(memory_.bytes(), start_ + tell());
}

}  // namespace dsx::data
