package healthmanager

import (
	"strings"

	"github.com/minicf/minicf/protocol"
)

// wish is what the controller wants of an app. The zero value is that of one that it has never mentioned.
type wish struct {
	state     string // protocol.AppStarted, AppStopped, AppDeleted; "" for an app that is not the controller's
	version   protocol.Text
	instances int
	staged    bool
	updated   int64 // epoch seconds
	framework string
	runtime   string
}

func wishOf(b protocol.BulkApp) wish {
	return wish{
		state: b.State, version: b.Version, instances: int(b.Instances), staged: b.PackageState == protocol.PackageStaged,
		updated: b.UpdatedAt.Unix(), framework: b.Framework, runtime: b.Runtime,
	}
}

func (w wish) known() bool { return w.state != "" }

// wanted is how many instances should run: those of an app that has a droplet, whose hash begins the version.
func (w wish) wanted() int {
	if w.state != protocol.AppStarted || !w.staged || strings.HasPrefix(string(w.version), "-") {
		return 0
	}
	return w.instances
}

// same says that two wishes are about the same instances.
func (w wish) same(o wish) bool {
	return w.state == o.state && w.version == o.version && w.instances == o.instances && w.staged == o.staged
}
