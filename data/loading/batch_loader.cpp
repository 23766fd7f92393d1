// A ring of batches, filled by one thread and emptied by next(). All memory is allocated once; an epoch in
// progress can be abandoned at any batch.
#include "data/loading/batch_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <numeric>
#include <opencv2/core.hpp>
#include <thread>

#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/pages.hpp"
#include "kernels/base/random.hpp"
#include "kernels/base/workers.hpp"

namespace dsx::data {
namespace {

constexpr std::uint64_t kOrderStream = 0x6f72646572;

struct Slot {
  AlignedBytes memory;
  std::vector<float> labels;
  std::vector<std::size_t> indices;
  Batch batch;
};

}  // namespace

struct BatchLoader::Impl {
  Impl(const Dataset& source, std::vector<std::size_t> which, std::vector<float> targets, LoaderOptions how)
      : dataset(source),
        indices(std::move(which)),
        labels(std::move(targets)),
        options(how),
        preprocessor(source.shape(), how.preprocess, how.augment, how.augment_seed) {}

  std::size_t batches() const {
    const auto batch = static_cast<std::size_t>(options.batch);
    return options.drop_last ? indices.size() / batch : (indices.size() + batch - 1) / batch;
  }
  void make_slots();
  void run();
  void fill(Slot& slot, std::size_t batch_number);
  void make_order();

  const Dataset& dataset;
  std::vector<std::size_t> indices;
  std::vector<float> labels;
  LoaderOptions options;
  Preprocessor preprocessor;
  std::vector<std::uint8_t> pixels;
  std::vector<std::size_t> order;  // positions in `indices`
  std::vector<Slot> slots;

  std::mutex mutex;
  std::condition_variable work_to_do, batch_ready, idle_again;
  std::deque<Slot*> free, ready;
  Slot* in_use = nullptr;
  int epoch = 0;
  bool epoch_wanted = false, cancelled = false, idle = true, quit = false;
  std::size_t handed_out = 0;
  std::exception_ptr failure;
  std::int64_t waited_ns = 0, work_ns = 0;
  std::jthread thread;
};

void BatchLoader::Impl::make_slots() {
  const auto batch = static_cast<std::size_t>(options.batch);
  const std::size_t floats = batch * dataset.shape().count();
  slots.resize(static_cast<std::size_t>(options.prefetch));
  for (Slot& slot : slots) {
    slot.memory = allocate_pages(floats * sizeof(float));
    slot.labels.resize(batch);
    slot.indices.resize(batch);
    slot.batch.images = {reinterpret_cast<float*>(slot.memory.get()), floats};
    slot.batch.labels = slot.labels;
  }
  pixels.resize(dataset.shape().count());
  order.resize(indices.size());
}

void BatchLoader::Impl::make_order() {
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!options.shuffle) return;
  Random random{options.seed, kOrderStream, static_cast<std::uint64_t>(epoch)};
  random.shuffle(std::span(order));
}

void BatchLoader::Impl::fill(Slot& slot, std::size_t batch_number) {
  const auto batch = static_cast<std::size_t>(options.batch);
  const std::size_t first = batch_number * batch, image_floats = dataset.shape().count();
  const std::size_t valid = std::min(batch, indices.size() - first);
  for (std::size_t i = 0; i < valid; ++i) {
    const std::size_t position = order[first + i];
    std::span<const std::uint8_t> image = dataset.in_memory(indices[position]);
    if (image.empty()) {
      dataset.read(indices[position], pixels);
      image = pixels;
    }
    preprocessor.run(image, epoch, indices[position], options.channels_last,
                     slot.batch.images.subspan(i * image_floats, image_floats));
    slot.labels[i] = labels[position];
    slot.indices[i] = indices[position];
  }
  const std::span<float> tail = slot.batch.images.subspan(valid * image_floats);
  std::fill(tail.begin(), tail.end(), 0.0F);
  std::fill(slot.labels.begin() + static_cast<std::ptrdiff_t>(valid), slot.labels.end(), 0.0F);
  slot.batch.indices = std::span<const std::size_t>(slot.indices).first(valid);
  slot.batch.valid = static_cast<int>(valid);
}

void BatchLoader::Impl::run() {
  std::unique_lock lock(mutex);
  while (true) {
    work_to_do.wait(lock, [&] { return quit || epoch_wanted; });
    if (quit) return;
    epoch_wanted = false;
    try {
      lock.unlock();
      make_order();
      lock.lock();
      for (std::size_t number = 0; number < batches() && !cancelled; ++number) {
        work_to_do.wait(lock, [&] { return quit || cancelled || !free.empty(); });
        if (quit || cancelled) break;
        Slot* slot = free.front();
        free.pop_front();
        lock.unlock();
        const Stopwatch watch;
        fill(*slot, number);
        const auto spent_ns = watch.elapsed_ns();
        lock.lock();
        work_ns += spent_ns;
        ready.push_back(slot);
        batch_ready.notify_one();
      }
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      failure = std::current_exception();
      batch_ready.notify_one();
    }
    idle = true;
    idle_again.notify_one();
    if (quit) return;
  }
}

BatchLoader::BatchLoader(const Dataset& dataset, std::vector<std::size_t> indices, std::vector<float> labels,
                         LoaderOptions options) {
  if (options.batch < 1)
    throw ConfigError(fmt::format("batch: {} is not a positive number of images", options.batch));
  if (options.prefetch < 2) throw ConfigError(fmt::format("prefetch: {} is below 2", options.prefetch));
  if (labels.size() != indices.size())
    throw ConfigError(fmt::format("batch loader: {} labels for {} images", labels.size(), indices.size()));
  for (const std::size_t index : indices)
    if (index >= dataset.items().size()) throw ConfigError(fmt::format("batch loader: no image {}", index));
  cv::setNumThreads(1);  // the filters run on the loader's own thread
  impl_ = std::make_unique<Impl>(dataset, std::move(indices), std::move(labels), options);
  impl_->make_slots();
  impl_->thread = start_thread("prefetching images", [impl = impl_.get()] { impl->run(); });
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->quit = true;
  }
  impl_->work_to_do.notify_one();
  impl_->thread.join();
}

void BatchLoader::start_epoch(int epoch) {
  std::unique_lock lock(impl_->mutex);
  impl_->cancelled = true;
  impl_->work_to_do.notify_one();
  impl_->idle_again.wait(lock, [&] { return impl_->idle; });
  impl_->free.clear();
  impl_->ready.clear();
  for (Slot& slot : impl_->slots) impl_->free.push_back(&slot);
  impl_->in_use = nullptr;
  impl_->failure = nullptr;
  impl_->handed_out = 0;
  impl_->epoch = epoch;
  impl_->cancelled = false;
  impl_->idle = false;
  impl_->epoch_wanted = true;
  lock.unlock();
  impl_->work_to_do.notify_one();
}

const Batch* BatchLoader::next() {
  std::unique_lock lock(impl_->mutex);
  if (impl_->in_use != nullptr) {
    impl_->free.push_back(impl_->in_use);
    impl_->in_use = nullptr;
    impl_->work_to_do.notify_one();
  }
  const auto finished = [&] { return impl_->idle || impl_->handed_out == impl_->batches(); };
  if (impl_->ready.empty() && !impl_->failure && !finished()) {
    const Stopwatch watch;
    impl_->batch_ready.wait(lock, [&] { return !impl_->ready.empty() || impl_->failure; });
    impl_->waited_ns += watch.elapsed_ns();
  }
  if (!impl_->ready.empty()) {
    impl_->in_use = impl_->ready.front();
    impl_->ready.pop_front();
    ++impl_->handed_out;
    return &impl_->in_use->batch;
  }
  if (impl_->failure) std::rethrow_exception(impl_->failure);
  return nullptr;
}

std::size_t BatchLoader::batches_per_epoch() const { return impl_->batches(); }

std::size_t BatchLoader::images_per_epoch() const {
  const std::size_t whole = impl_->batches() * static_cast<std::size_t>(impl_->options.batch);
  return std::min(whole, impl_->indices.size());
}

std::int64_t BatchLoader::waited_ns() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->waited_ns;
}

std::int64_t BatchLoader::work_ns() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->work_ns;
}

}  // namespace dsx::data
