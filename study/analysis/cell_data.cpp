#include "study/analysis/cell_data.hpp"

#include <algorithm>
#include <fstream>

#include "data/io/sealed_file.hpp"
#include "kernels/base/error.hpp"
#include "study/settings/run_data.hpp"

namespace dsx::analysis {

CellData::Key CellData::key_of(const Cell& cell) {
  return {cell.data_digest, settings::seed_for(cell.settings, settings::SeedUse::split)};
}

const data::Dataset& CellData::of(const Cell& cell) {
  const Key key = key_of(cell);
  for (const auto& [broken, reason] : broken_)
    if (broken == key) throw DataError(reason);
  if (open_ && key_ == key) return *open_;
  open_.reset();
  try {
    open_ = settings::open_run_data(cell.settings, {});
    if (open_->digest() != cell.data_digest) {
      open_.reset();
      throw DataError(cell.settings.data + ": has changed since this cell was trained");
    }
  } catch (const DataError& error) {
    broken_.emplace_back(key, error.what());
    throw;
  }
  key_ = key;
  return *open_;
}

std::vector<std::size_t> by_data(std::span<const Cell> cells, std::vector<std::size_t> chosen) {
  std::stable_sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) {
    return CellData::key_of(cells[a]) < CellData::key_of(cells[b]);
  });
  return chosen;
}

void require_images_of(const Cell& cell, data::Split split, const data::Dataset& dataset,
                       std::span<const std::size_t> indices) {
  const std::vector<std::string>& names = cell.of(split).names;
  bool same = indices.size() == names.size();
  for (std::size_t i = 0; same && i < indices.size(); ++i)
    same = dataset.items()[indices[i]].name == names[i];
  if (!same)
    throw DataError(cell.folder.string() + ": its " + data::to_string(split) +
                    " images are not the data's, or in another order");
}

std::string checkpoint_seal(const Cell& cell) {
  constexpr std::streamoff kHashBytes = 65;  // with the newline
  std::ifstream in(cell.folder / "best.h5", std::ios::binary | std::ios::ate);
  if (!in || in.tellg() < static_cast<std::streamoff>(data::kSealBlock)) return "";
  in.seekg(0);
  std::string block(data::kSealBlock, '\0');
  in.read(block.data(), static_cast<std::streamsize>(block.size()));
  if (in && block.front() != '\x89') return block.substr(0, block.find('\0'));  // text, up to the zeros
  in.clear();  // a file of version 0.1: HDF5 begins at once, and the seal is at the end
  std::string hash(64, ' ');
  in.seekg(-kHashBytes, std::ios::end);
  in.read(hash.data(), static_cast<std::streamsize>(hash.size()));
  return in ? hash : "";
}

}  // namespace dsx::analysis
