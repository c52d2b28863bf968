package confine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// system is where programs, libraries and what the kernel tells are.
func system() []string {
	return []string{
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/proc", "/sys",
		"/var/lib/gems", "/var/cache/fontconfig", "/dev/pts",
	}
}

// devices are those that harm nobody.
func devices() []string {
	return []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"}
}

// settings are the files below /etc that programs and libraries need. Others are passwords and keys.
func settings() []string {
	var all []string
	for _, pattern := range []string{
		"ld.so.*", "alternatives", "hosts", "host.conf", "resolv.conf", "nsswitch.conf", "gai.conf", "services", "protocols", "networks", "localtime",
		"timezone", "passwd", "group", "os-release", "debian_version", "locale*", "mime.types", "magic", "ca-certificates*", "pki", "crypto-policies",
		"ssl/certs", "ssl/openssl.cnf", "bash.bashrc", "profile", "inputrc", "terminfo", "fonts", "gemrc", "java*", "jvm*", "tomcat*", "jetty*",
		"php*", "python*", "perl*", "erlang*", "npmrc", "ImageMagick*",
	} {
		found, _ := filepath.Glob("/etc/" + pattern) // the patterns are right
		all = append(all, found...)
	}
	return all
}

// Home is where a program lies with what it needs: for /opt/ruby-1.9/bin/ruby that is /opt/ruby-1.9, with its libraries. Where that would be somebody's
// home, or has the directory of a confined program in it, it is only what runtimes have there.
func Home(executable, confined string) []string {
	if executable == "" {
		return nil
	}
	var all []string
	for _, path := range []string{executable, resolved(executable)} {
		home := filepath.Dir(path)
		if base := filepath.Base(home); base == "bin" || base == "shims" {
			home = filepath.Dir(home)
		}
		all = append(all, path)
		if !tooWide(home, confined) {
			all = append(all, home)
			continue
		}
		for _, part := range []string{"bin", "lib", "lib64", "libexec", "share"} {
			if dir := filepath.Join(home, part); !tooWide(dir, confined) {
				all = append(all, dir)
			}
		}
	}
	return all
}

// tooWide reports whether a directory holds more than a runtime.
func tooWide(dir, confined string) bool {
	holders := []string{confined, resolved(confined), "/etc", "/var", "/root", "/home", os.TempDir()}
	if home, err := os.UserHomeDir(); err == nil {
		holders = append(holders, home)
	}
	return slices.ContainsFunc(holders, func(path string) bool { return dir == "/" || path == dir || strings.HasPrefix(path, dir+"/") })
}

func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
