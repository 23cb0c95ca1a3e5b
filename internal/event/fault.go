package event

// The faults of records, and of what gander keeps, that are worth an alert. An
// adapter names further ones, in the same form.
const (
	FaultNotJSON      = "not-json"
	FaultDuplicateKey = "duplicate-key"
	FaultAgent        = "unknown-agent" // detail: its name
	FaultCut          = "cut"           // detail: the size of the whole payload
	FaultHookFailed   = "hook-failed"   // detail: the reason

	FaultTorn     = "torn"
	FaultForeign  = "foreign" // detail: what is wrong with the line
	FaultTooLong  = "too-long"
	FaultDamaged  = "damaged" // detail: which bytes of a compressed segment cannot be read
	FaultJournal  = "journal" // detail: what happened to it
	FaultOutbox   = "outbox-damaged"
	FaultChanged  = "sealed-changed"    // bytes changed between reading and sealing
	FaultSeals    = "seals"             // genesis, seals or key are not as they were left
	FaultHeldOpen = "segment-held-open" // a process keeps an ended segment open
	FaultDisk     = "disk-low"
	FaultClock    = "clock-jump"
	FaultAnchor   = "anchor-failing"
	FaultKeeping  = "keeping-failed" // sealing, rotation, compression or deletion does not work
)
