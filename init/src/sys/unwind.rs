//! Walking up the stack. The tables for it are not in this program (`no-unwind.ld`), so that it could only fail; std would use it for the
//! backtrace of a panic, glibc to end a thread from outside, which nothing here does.
//!
//! With these functions libgcc's are not linked, nor all that std has for giving names to addresses, which is reached from a backtrace
//! alone: a seventh of this program. Only for the program that is PID 1, which a panic ends: the tests unwind.

use core::ffi::{c_int, c_void};

/// `_URC_END_OF_STACK` of libgcc's unwind.h.
const END_OF_STACK: c_int = 5;

/// Calls `trace` for no frame at all.
///
/// # Safety
/// The arguments are not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _data: *mut c_void) -> c_int {
    END_OF_STACK
}

/// The others of libgcc's unwind.h, and what C code is registered with: nobody gets here, and nobody could go on.
macro_rules! never {
    ($($name:ident)*) => {$(
        /// Ends the program.
        ///
        /// # Safety
        /// The arguments are not looked at.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name() -> ! {
            std::process::abort()
        }
    )*};
}

never! {
    _Unwind_Resume _Unwind_RaiseException _Unwind_ForcedUnwind _Unwind_DeleteException _Unwind_GetLanguageSpecificData
    _Unwind_GetRegionStart _Unwind_GetTextRelBase _Unwind_GetDataRelBase _Unwind_FindEnclosingFunction _Unwind_GetCFA _Unwind_GetIP
    _Unwind_GetIPInfo _Unwind_SetIP _Unwind_GetGR _Unwind_SetGR __gcc_personality_v0
}
