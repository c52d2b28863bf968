package stager

import (
	"fmt"
	"syscall"
	"time"
)

// strayPatience is how long strays that are killed may take to be gone.
const strayPatience = time.Second

// endStrays kills what the tools of a staging have left running outside of their process groups, as daemons do: the runner has ended the groups. It asks
// again until nobody is found, since who is found may have started others meanwhile.
//
// A process is known by its HOME or TMPDIR, which nobody else has, by its working directory, or as a child of such a one. One that leaves its process
// group, wipes its environment, goes to another directory and loses its parent is not found: nothing on it tells any more where it came from. With
// secure: true it can at least do nothing but wait and use the network; its files are gone.
func endStrays(dir string) error {
	var left []int
	for pause := time.Millisecond; pause < strayPatience; pause *= 2 {
		if left = strays(dir); len(left) == 0 {
			return nil
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // whoever is gone is gone
		}
		time.Sleep(pause)
	}
	return fmt.Errorf("processes %v are still there", left)
}
