// A DICOM file in memory as DCMTK's files on disk are: it may come back for a long value later. Then DCMTK
// skips a value instead of asking for as much memory as it claims, and a claim beyond the file's end ends the
// parsing.
#pragma once

// clang-format off: osconfig.h comes first
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrma.h>
// clang-format on

#include <cstdint>
#include <span>

namespace dsx::data {

class DicomMemory : public DcmProducer {
 public:
  DicomMemory(std::span<const std::uint8_t> bytes, offile_off_t position)
      : bytes_(bytes), position_(position) {}
  OFBool good() const override { return OFTrue; }
  OFCondition status() const override { return EC_Normal; }
  OFBool eos() override { return avail() == 0; }
  offile_off_t avail() override { return static_cast<offile_off_t>(bytes_.size()) - position_; }
  offile_off_t read(void* buffer, offile_off_t length) override;
  offile_off_t skip(offile_off_t length) override;
  void putback(offile_off_t count) override { position_ -= count; }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
  offile_off_t position_;
};

// `bytes` must outlive it and everything that is read from it.
class DicomMemoryStream : public DcmInputStream {
 public:
  explicit DicomMemoryStream(std::span<const std::uint8_t> bytes, offile_off_t position = 0)
      : DcmInputStream(&memory_), memory_(bytes, position), start_(position) {}
  DcmInputStreamFactory* newFactory() const override;

 private:
  DicomMemory memory_;
  offile_off_t start_;
};

}  // namespace dsx::data
