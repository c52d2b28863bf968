// Package java is what the plugins for Java share: the memory of the virtual machine, the drivers for bound databases, and
// auto-reconfiguration, which connected a Spring application to its services without a word of configuration.
//
// In goes a workspace with the app in it, out come options for scripts ([MemoryOptions]), jars in the droplet ([CopyDrivers],
// [CopyAutoconfig]) and an edited WEB-INF/web.xml ([EditDescriptor], [Contexts]). Package webxml reads and writes that file,
// package tomcat makes the droplet of a web application.
//
// In 2012 this was the modules JavaDatabaseSupport and JavaAutoconfig of vcap-staging and half of its class Tomcat.
package java

import (
	"fmt"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
)

// Memory that a virtual machine of today needs besides its heap, in MB: itself and its compiled code, and a share of the
// limit for classes, stacks and buffers.
const (
	ownMemory   = 96
	ownFraction = 8 // one in so many
)

// MemoryOptions are the options that keep a virtual machine within the app's limit. In 2012 the heap was as large as the
// limit, from the start, and what the virtual machine needed besides was on top of it; a DEA that looks at the memory of the
// process would end such an app. Today's also ends itself when its heap is full, and is seen to be gone.
func MemoryOptions(w *plugin.Workspace) string {
	if !w.Modern() {
		return fmt.Sprintf("-Xms%[1]dm -Xmx%[1]dm", w.Memory())
	}
	return fmt.Sprintf("-Xmx%dm -XX:+ExitOnOutOfMemoryError", Heap(w.Memory()))
}

// TmpDir is the droplet's directory for temporary files as an option of a program that runs in app/. It was $PWD/tmp, which
// is another directory when app/ is where the variable is expanded (bug Q17), and two options when a space is in it (bug Q13).
func TmpDir(w *plugin.Workspace) string {
	if w.Modern() {
		return "../" + droplet.TmpDir
	}
	return "$PWD/" + droplet.TmpDir
}

// Heap is how large the heap of today's virtual machine may become within a limit, both in MB. Where the limit is too small
// for any, it is half of it, and the app has to be lucky.
func Heap(limit int) int { return max(limit/2, limit-ownMemory-limit/ownFraction) }
