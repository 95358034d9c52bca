/*
 * Kinode processes in C++20, without exceptions: a face for the library for C, kinode.h.
 *
 * A program defines kn_main, which is called once; when it returns, the process ends.
 *
 *   #include <kinode.hpp>
 *
 *   void kn_main() {
 *     for (;;) {
 *       const auto message = kinode::receive();
 *       if (message.is_request()) message.reply(message.body());
 *     }
 *   }
 *
 * Memory: every std::string_view that this library returns, a message and its JSON included, is valid until the next
 * kinode::receive(). What must live longer goes into a std::string. A long loop without receive() in it opens a
 * kinode::Scope, which gives back at its end what the loop's turn took.
 *
 * Functions that can fail return a kinode::Result, which is the value or says why there is none.
 */
#pragma once

#include "kinode/base.hpp"
#include "kinode/files.hpp"
#include "kinode/json.hpp"
#include "kinode/message.hpp"
#include "kinode/process.hpp"
#include "kinode/web.hpp"
