/*
 * Counts, remembers in a file, and asks a child process; shows the count on a page of its own.
 * From the node's terminal: m our@counter:my-package:template.os '"Count"' -a 5
 */
#include <kinode.hpp>

#include <algorithm>
#include <charconv>

using kinode::Message;
using kinode::object;

namespace {

kinode::JsonText error(std::string_view what) { return object({{"Error", what}}); }

class Counter {
public:
  Counter() : notes_(kinode::Drive::open("notes")->file("notes.txt")) {
    load();
    start_worker();
    if (auto bound = kinode::http::bind("/"); !bound) kinode::print("no page: " + bound.error());
    kinode::add_to_homepage("my-package");
  }

  void handle(const Message &message) {
    if (auto web = kinode::HttpRequest::from(message)) return show_page(*web);
    if (message.is_request()) return handle_request(message);
    /* The worker's answer, or that there is none; the reply goes to who asked us. */
    if (!message.context()) return;
    if (message.is_failure()) return message.reply(error("the worker did not answer"));
    auto answer = object({{"question", *message.context()}, {"answer", message.body()}});
    message.reply(object({{"Answer", answer}}));
  }

private:
  /* ---- State: the count, as decimal text ---- */

  void load() {
    if (auto saved = kinode::load_state()) std::from_chars(saved->data(), saved->data() + saved->size(), count_);
  }
  void count_one() { kinode::save_state(std::to_string(++count_)); }

  /* ---- Requests of other processes ---- */

  void handle_request(const Message &message) {
    const auto request = message.json();
    if (request.is("Count")) {
      count_one();
      message.reply(object({{"Count", count_}}));
    } else if (request.is("Recall")) {
      message.reply(recall());
    } else if (auto text = request["Remember"].string()) {
      message.reply(remember(*text));
    } else if (auto question = request["Ask"].string()) {
      if (message.wants_response()) ask_worker(*question);
    } else {
      message.reply(error("expected \"Count\", \"Recall\", {\"Remember\": text} or {\"Ask\": text}"));
    }
  }

  kinode::JsonText remember(std::string_view text) const {
    if (auto done = notes_.append(std::string(text) + "\n"); !done) return error(done.error());
    auto size = notes_.size();
    return size ? object({{"Remembered", *size}}) : error(size.error());
  }

  kinode::JsonText recall() const {
    if (!notes_.exists()) return object({{"Recalled", ""}});
    auto text = notes_.read();
    return text ? object({{"Recalled", *text}}) : error(text.error());
  }

  /* The answer comes as a message of its own, with the question as its context; until then others are served. */
  void ask_worker(std::string_view question) const {
    kinode::Request{.target = worker_, .body = question, .timeout = 5, .context = question}.send();
  }

  void show_page(const kinode::HttpRequest &request) const {
    request.respond(200, "text/html; charset=utf-8",
                    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width\"><title>my-package</title>"
                    "<h1>Hello from C++</h1><p>Counted to " +
                        std::to_string(count_) + ".</p></html>");
  }

  void start_worker() {
    const auto program = kinode::package_file("counter.wasm");
    worker_ = *kinode::Child{.name = "counter-worker", .program = program}.spawn();
  }

  std::uint64_t count_ = 0;
  kinode::File notes_;
  kinode::Address worker_;
};

void run_worker() {
  for (;;) {
    const auto message = kinode::receive();
    if (!message.is_request()) continue;
    std::string text(message.body());
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    message.reply(text);
  }
}

} // namespace

void kn_main() {
  if (kinode::our().process.ends_with("-worker")) return run_worker();
  Counter counter;
  for (;;) counter.handle(kinode::receive());
}
