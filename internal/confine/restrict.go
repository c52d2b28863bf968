package confine

import (
	"os"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// filesOnly are the rights of version 5 of Landlock, the last whose rights about files are about files: later ones close the sockets of databases,
// too. All restrictions are made at once, since each forbids what the others do not know, such as moving files between directories.
const filesOnly = landlock.AccessFSSet(1<<16 - 1)

// restrict gives up what is not named, as far as the machine's Landlock goes. Rules are about what is there now.
func restrict(r Rights) error {
	if err := renounce(); err != nil {
		return err
	}
	rules := []landlock.Rule{landlock.RWFiles(devices()...).WithIoctlDev().IgnoreIfMissing()}
	for _, path := range slices.Concat(system(), settings(), r.Read) {
		if isDir(path) {
			rules = append(rules, landlock.RODirs(path).IgnoreIfMissing())
		} else {
			rules = append(rules, landlock.ROFiles(path).IgnoreIfMissing())
		}
	}
	for _, path := range r.Write {
		if isDir(path) {
			rules = append(rules, landlock.RWDirs(path).WithRefer().IgnoreIfMissing())
		} else {
			rules = append(rules, landlock.RWFiles(path).IgnoreIfMissing())
		}
	}
	config := landlock.MustConfig(filesOnly)
	if r.Scoped {
		config = landlock.MustConfig(filesOnly, landlock.ScopedSet(ll.ScopeSignal|ll.ScopeAbstractUnixSocket))
	}
	return config.BestEffort().Restrict(rules...)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
