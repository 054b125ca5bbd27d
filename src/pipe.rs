//! A reader that closes the pipe early (`vigie status | head`) has had enough: the command ends, and says nothing.

use std::panic::PanicHookInfo;

/// Ends the program quietly when `println!` finds its reader gone; every other panic is told as before.
///
/// Programs usually let the system end them (SIGPIPE); Rust switches that off before `main`, and switching it on again takes
/// unsafe code. `println!` then panics, in any thread, and this is the one place that all of them pass.
pub fn end_quietly_when_closed() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if is_closed_pipe(panic) {
            std::process::exit(0);
        }
        told(panic);
    }));
}

fn is_closed_pipe(panic: &PanicHookInfo<'_>) -> bool {
    let said = panic.payload().downcast_ref::<String>().map(String::as_str);
    said.is_some_and(|said| said.starts_with("failed printing to std") && said.contains("os error 32"))
}
