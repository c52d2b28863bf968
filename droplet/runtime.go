package droplet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxStartup is the largest startup script in bytes; those of the staging
// plugins have about 500.
const maxStartup = 1 << 20

// ErlangHome is the directory of the Erlang that executable, an absolute path,
// belongs to: lib/erlang beside the executable's own, by the rule of 2012. A
// staged release has links there instead of the parts that come with Erlang.
func ErlangHome(executable string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(executable)), "lib", "erlang")
}

// ReplaceRuntime puts executable, an absolute path, in the place of every
// [RuntimeToken] in the startup script below dir, and returns how many there
// were. The path is not quoted: the script means a command by it.
//
// After a replacement the script has mode 0500. Without a token it is left
// untouched, and without a script or without dir there is nothing to do. A
// script that is a symbolic link is read only if it leads to a file below dir;
// the result is a file of its own. A script of more than 1 MiB is an error.
//
// The new script is written after the old one is removed: on an error the
// instance directory is of no more use.
func ReplaceRuntime(dir, executable string) (n int, err error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer root.Close()
	script, err := readStartup(root)
	if err != nil {
		return 0, fmt.Errorf("replace the runtime in %s: %w", StartupFile, err)
	}
	n = bytes.Count(script, []byte(RuntimeToken))
	if n == 0 {
		return 0, nil
	}
	if executable == "" {
		return 0, fmt.Errorf("replace the runtime in %s: no executable given", StartupFile)
	}
	script = bytes.ReplaceAll(script, []byte(RuntimeToken), []byte(executable))
	if err := rewriteStartup(root, script); err != nil {
		return 0, fmt.Errorf("replace the runtime in %s: %w", StartupFile, err)
	}
	return n, nil
}

// readStartup returns nil when there is no script.
func readStartup(root *os.Root) ([]byte, error) {
	if _, err := root.Lstat(StartupFile); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	// Stat follows links, but only those that stay inside; and it does not wait
	// for a writer, as opening a fifo would.
	info, err := root.Stat(StartupFile)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	f, err := root.Open(StartupFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	script, err := io.ReadAll(io.LimitReader(f, maxStartup+1))
	if err == nil && len(script) > maxStartup {
		err = fmt.Errorf("longer than %d bytes", maxStartup)
	}
	return script, err
}

// rewriteStartup makes a new file instead of writing into the old one, which
// may be a link, or share its content with another name.
func rewriteStartup(root *os.Root, script []byte) error {
	if err := root.Remove(StartupFile); err != nil {
		return err
	}
	f, err := root.OpenFile(StartupFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o500)
	if err != nil {
		return err
	}
	_, err = f.Write(script)
	return errors.Join(err, f.Close())
}
