package config

import "path/filepath"

// DataDir returns the directory that holds everything minicf writes, and why it is that one. flag is the value of --data-dir; lookup
// is os.LookupEnv or a test's; cwd is where minicf runs.
//
// It is the first of: the flag, MINICF_HOME, .minicf in a project (a directory with a Procfile or a minicf.yml), so that a
// workshop's state is easy to see and to delete, and the user's state directory: $XDG_STATE_HOME/minicf or ~/.local/state/minicf.
func DataDir(flag string, lookup func(string) (string, bool), cwd string) (dir, why string) {
	if flag != "" {
		return Resolve(cwd, flag), "--data-dir"
	}
	if home, _ := lookup("MINICF_HOME"); home != "" {
		return Resolve(cwd, home), "MINICF_HOME"
	}
	if IsProject(cwd) {
		return Resolve(cwd, ".minicf"), "this is a project: it has a Procfile or a minicf.yml"
	}
	if state, _ := lookup("XDG_STATE_HOME"); filepath.IsAbs(state) { // a relative one is invalid and to be ignored
		return filepath.Join(state, "minicf"), "XDG_STATE_HOME"
	}
	if home, _ := lookup("HOME"); home != "" {
		return Resolve(cwd, filepath.Join(home, ".local", "state", "minicf")), "the state directory of the user"
	}
	return Resolve(cwd, ".minicf"), "HOME is not set"
}

// Resolve returns a path of a config file as an absolute one: relative paths are under the data dir. An empty path stays empty.
func Resolve(dataDir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dataDir, path)
}
