// Does what the body of a request says and answers how it went, so that a test sees what C++ programs can rely on.
#include <kinode.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <vector>

using kinode::Message;
using namespace std::string_literals;

extern "C" char **environ;

namespace {

kinode::Address child(const char *name) {
  auto address = kinode::our();
  address.process = name;
  return address;
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Answers at once.
void echo() {
  for (;;) {
    const auto message = kinode::receive();
    if (message.is_request()) message.reply(message.body());
  }
}

// Answers after as many milliseconds as asked for, many at a time: the timer's response answers the right request.
void slow() {
  for (;;) {
    const auto message = kinode::receive();
    if (message.is_request()) kn_timer(number_in(message.body()), kinode::raw(message.body()));
    else message.reply(message.context().value_or(""));
  }
}

void start(const char *name) {
  kn_capability timer;
  if (!kn_messaging("timer:distro:sys", &timer)) kinode::fail("no timer");
  const auto program = kinode::package_file("trial.wasm");
  const auto started = kinode::Child{
    .name = name,
    .program = program,
    .capabilities = {timer},
    .grants = {{timer.issuer.process, kinode::raw("\"messaging\"")}},
  }.spawn();
  if (!started) kinode::fail(started.error());
}

std::string flood(std::uint64_t count, std::size_t size) {
  std::string body(size, 0);
  const auto echo = child("trial-echo");
  int wrong = 0;
  const auto before = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < count; i++) {
    kinode::Scope scope;
    if (size > 0) body[i % size] = char(i);
    auto answer = kinode::Request{.target = echo, .body = body}.ask();
    if (!answer || answer->body() != body) wrong++;
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - before;
  return std::to_string(wrong) + " wrong, " + std::to_string(took.count() / double(count)) + " µs each";
}

std::string random_hex(std::size_t count) {
  std::random_device device;
  std::string text;
  for (std::size_t i = 0; i < count; i++) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", device() & 255);
    text += digits;
  }
  return text;
}

std::string time_and_zone() {
  using namespace std::chrono;
  const auto now = system_clock::now().time_since_epoch();
  return std::to_string(duration_cast<milliseconds>(now).count()) + " UTC";
}

std::string host() {
  int count = 0;
  while (environ && environ[count]) count++;
  std::FILE *file = std::fopen("/etc/passwd", "r");
  return std::to_string(count) + " " + (file ? "opened" : std::strerror(errno));
}

std::string slept(std::uint64_t milliseconds) {
  const auto before = std::chrono::steady_clock::now();
  kinode::sleep(milliseconds);
  const auto took = std::chrono::steady_clock::now() - before;
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = text.find(' ');
    found.push_back(text.substr(0, end));
    text = end == text.npos ? "" : text.substr(end + 1);
  }
  return found;
}

int deeper(volatile int *above) {
  volatile int here[64] = {*above + 1};
  return deeper(here) + here[0];
}

std::string run(const std::vector<std::string_view> &command) {
  const std::string name(command.empty() ? "" : command[0]);
  const auto number = command.size() > 1 ? number_in(command[1]) : 0;
  const auto size = command.size() > 2 ? number_in(command[2]) : 0;
  if (name == "flood") return flood(number, size);
  if (name == "random") return random_hex(number);
  if (name == "now") return time_and_zone();
  if (name == "host") return host();
  if (name == "sleep") return slept(number);
  if (name == "panic") kinode::fail("as asked");
  if (name == "overflow") {
    volatile int zero = 0;
    return std::to_string(deeper(&zero));
  }
  return "unknown command";
}

void handle(const Message &message) {
  const auto command = words(message.body());
  if (command.size() == 2 && command[0] == "await") {
    kinode::Request{.target = child("trial-slow"), .body = command[1], .timeout = 30}.send();
  } else {
    message.reply(run(command));
  }
}

// Whether a value made before kn_main is there, and what has a destructor is destroyed.
const std::map<std::string, void (*)()> children{{"trial-echo", echo}, {"trial-slow", slow}};

} // namespace

void kn_main() {
  if (auto own = children.find(kinode::our().process); own != children.end()) own->second();
  start("trial-echo");
  start("trial-slow");
  for (;;) {
    const auto message = kinode::receive();
    if (message.is_request()) handle(message);
    else message.reply(message.body());
  }
}
