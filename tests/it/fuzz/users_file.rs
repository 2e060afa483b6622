//! The files that `usher users import` reads.

use usher::commands::users::read_users;

use super::fuzz;

#[test]
fn files_of_users() {
    let mut read = 0;
    fuzz("users_file", 1, |bytes| match read_users(bytes, None) {
        Ok(file) => {
            read += 1;
            for (line, entry) in file.entries {
                let user = entry.user.expect("a user");
                assert!(line > 1 && !user.user_id.is_empty(), "{line}: {user:?}");
            }
        }
        Err(wrong) => {
            assert!(wrong.iter().all(|line| line.starts_with("line ") || line.starts_with("the file")), "{wrong:?}")
        }
    });
    assert!(read > 100, "most cases are no files at all: {read}");
}
