/** The tables, as numbered migrations: `PRAGMA user_version` counts the applied ones. Never change one; add the next. */

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    ref TEXT,
    tags TEXT NOT NULL,
    argv TEXT NOT NULL,
    user TEXT NOT NULL,
    uid INTEGER NOT NULL,
    cwd TEXT NOT NULL,
    limits TEXT NOT NULL,
    timeout_ms INTEGER,
    grace_ms INTEGER NOT NULL,
    first_signal TEXT NOT NULL,
    backend TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    supervisor_pid INTEGER NOT NULL,
    supervisor_start_ticks INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('starting', 'running', 'ending', 'ended')),
    pid INTEGER,
    pid_start_ticks INTEGER,
    pgid INTEGER,
    cgroup_path TEXT,
    cgroup_inode INTEGER,
    started_at_ms INTEGER,
    started_boot_ms INTEGER,
    deadline_boot_ms INTEGER,
    ending_at_ms INTEGER,
    ended_at_ms INTEGER,
    reason TEXT,
    trigger_reason TEXT,
    exit_code INTEGER,
    exit_signal INTEGER,
    wall_ms INTEGER,
    cpu_usage_usec INTEGER,
    cpu_user_usec INTEGER,
    cpu_system_usec INTEGER,
    cpu_periods INTEGER,
    cpu_throttled_periods INTEGER,
    cpu_throttled_usec INTEGER,
    memory_peak_bytes INTEGER,
    swap_peak_bytes INTEGER,
    oom_kills INTEGER,
    io_read_bytes INTEGER,
    io_written_bytes INTEGER,
    pids_peak INTEGER,
    survivors TEXT NOT NULL DEFAULT '[]'
  ) STRICT;
  CREATE INDEX jobs_live ON jobs (created_at_ms) WHERE state <> 'ended' OR survivors <> '[]';
  CREATE INDEX jobs_created ON jobs (created_at_ms);
  CREATE INDEX jobs_name ON jobs (name);
  CREATE INDEX jobs_ref ON jobs (ref) WHERE ref IS NOT NULL;
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_job ON events (job_id, seq);
  `,
  // What a sweep needs: when an ending began by a clock that does not step, the owner's word, and what it has told already.
  `
  ALTER TABLE jobs ADD COLUMN ending_boot_ms INTEGER;
  ALTER TABLE jobs ADD COLUMN owner_strikes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE findings (
    key TEXT PRIMARY KEY,
    first_at_ms INTEGER NOT NULL
  ) STRICT;
  `,
  // What a job used, completely, and its course. The index is for what drops old records, and for times: `ended_at_ms >= ? OR ended_at_ms IS
  // NULL` finds both in it, while `OR state <> 'ended'` reads the whole table.
  `
  ALTER TABLE jobs ADD COLUMN cpu_pressure_some_usec INTEGER;
  ALTER TABLE jobs ADD COLUMN cpu_pressure_full_usec INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_anon_peak_bytes INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_file_peak_bytes INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_shmem_peak_bytes INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_slab_peak_bytes INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_high_events INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_max_events INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_pressure_some_usec INTEGER;
  ALTER TABLE jobs ADD COLUMN memory_pressure_full_usec INTEGER;
  ALTER TABLE jobs ADD COLUMN io_read_operations INTEGER;
  ALTER TABLE jobs ADD COLUMN io_write_operations INTEGER;
  ALTER TABLE jobs ADD COLUMN io_devices TEXT;
  ALTER TABLE jobs ADD COLUMN io_pressure_some_usec INTEGER;
  ALTER TABLE jobs ADD COLUMN io_pressure_full_usec INTEGER;
  CREATE INDEX jobs_ended ON jobs (ended_at_ms);
  CREATE TABLE samples (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    offset_ms INTEGER NOT NULL,
    memory_bytes INTEGER,
    anon_bytes INTEGER,
    file_bytes INTEGER,
    cpu_usage_usec INTEGER,
    tasks INTEGER,
    PRIMARY KEY (job_id, offset_ms)
  ) STRICT, WITHOUT ROWID;
  `,
  // What a launch finds out may be unknown: a job that has not been launched has no supervisor, no boot and no backend.
  `
  CREATE TABLE jobs_4 (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    ref TEXT,
    tags TEXT NOT NULL,
    argv TEXT NOT NULL,
    user TEXT NOT NULL,
    uid INTEGER NOT NULL,
    cwd TEXT NOT NULL,
    limits TEXT NOT NULL,
    timeout_ms INTEGER,
    grace_ms INTEGER NOT NULL,
    first_signal TEXT NOT NULL,
    backend TEXT,
    created_at_ms INTEGER NOT NULL,
    boot_id TEXT,
    supervisor_pid INTEGER,
    supervisor_start_ticks INTEGER,
    state TEXT NOT NULL CHECK (state IN ('queued', 'starting', 'running', 'ending', 'ended')),
    pid INTEGER,
    pid_start_ticks INTEGER,
    pgid INTEGER,
    cgroup_path TEXT,
    cgroup_inode INTEGER,
    started_at_ms INTEGER,
    started_boot_ms INTEGER,
    deadline_boot_ms INTEGER,
    ending_at_ms INTEGER,
    ended_at_ms INTEGER,
    reason TEXT,
    trigger_reason TEXT,
    exit_code INTEGER,
    exit_signal INTEGER,
    wall_ms INTEGER,
    cpu_usage_usec INTEGER,
    cpu_user_usec INTEGER,
    cpu_system_usec INTEGER,
    cpu_periods INTEGER,
    cpu_throttled_periods INTEGER,
    cpu_throttled_usec INTEGER,
    memory_peak_bytes INTEGER,
    swap_peak_bytes INTEGER,
    oom_kills INTEGER,
    io_read_bytes INTEGER,
    io_written_bytes INTEGER,
    pids_peak INTEGER,
    survivors TEXT NOT NULL DEFAULT '[]',
    ending_boot_ms INTEGER,
    owner_strikes INTEGER NOT NULL DEFAULT 0,
    adopted INTEGER NOT NULL DEFAULT 0,
    cpu_pressure_some_usec INTEGER,
    cpu_pressure_full_usec INTEGER,
    memory_anon_peak_bytes INTEGER,
    memory_file_peak_bytes INTEGER,
    memory_shmem_peak_bytes INTEGER,
    memory_slab_peak_bytes INTEGER,
    memory_high_events INTEGER,
    memory_max_events INTEGER,
    memory_pressure_some_usec INTEGER,
    memory_pressure_full_usec INTEGER,
    io_read_operations INTEGER,
    io_write_operations INTEGER,
    io_devices TEXT,
    io_pressure_some_usec INTEGER,
    io_pressure_full_usec INTEGER
  ) STRICT;
  INSERT INTO jobs_4 (rowid, id, name, ref, tags, argv, user, uid, cwd, limits, timeout_ms, grace_ms, first_signal, backend,
    created_at_ms, boot_id, supervisor_pid, supervisor_start_ticks, state, pid, pid_start_ticks, pgid,
    cgroup_path, cgroup_inode, started_at_ms, started_boot_ms, deadline_boot_ms, ending_at_ms,
    ended_at_ms, reason, trigger_reason, exit_code, exit_signal, wall_ms, cpu_usage_usec, cpu_user_usec,
    cpu_system_usec, cpu_periods, cpu_throttled_periods, cpu_throttled_usec, memory_peak_bytes,
    swap_peak_bytes, oom_kills, io_read_bytes, io_written_bytes, pids_peak, survivors, ending_boot_ms,
    owner_strikes, adopted, cpu_pressure_some_usec, cpu_pressure_full_usec, memory_anon_peak_bytes,
    memory_file_peak_bytes, memory_shmem_peak_bytes, memory_slab_peak_bytes, memory_high_events,
    memory_max_events, memory_pressure_some_usec, memory_pressure_full_usec, io_read_operations,
    io_write_operations, io_devices, io_pressure_some_usec, io_pressure_full_usec)
  SELECT rowid, id, name, ref, tags, argv, user, uid, cwd, limits, timeout_ms, grace_ms, first_signal, backend,
    created_at_ms, boot_id, supervisor_pid, supervisor_start_ticks, state, pid, pid_start_ticks, pgid,
    cgroup_path, cgroup_inode, started_at_ms, started_boot_ms, deadline_boot_ms, ending_at_ms,
    ended_at_ms, reason, trigger_reason, exit_code, exit_signal, wall_ms, cpu_usage_usec, cpu_user_usec,
    cpu_system_usec, cpu_periods, cpu_throttled_periods, cpu_throttled_usec, memory_peak_bytes,
    swap_peak_bytes, oom_kills, io_read_bytes, io_written_bytes, pids_peak, survivors, ending_boot_ms,
    owner_strikes, adopted, cpu_pressure_some_usec, cpu_pressure_full_usec, memory_anon_peak_bytes,
    memory_file_peak_bytes, memory_shmem_peak_bytes, memory_slab_peak_bytes, memory_high_events,
    memory_max_events, memory_pressure_some_usec, memory_pressure_full_usec, io_read_operations,
    io_write_operations, io_devices, io_pressure_some_usec, io_pressure_full_usec FROM jobs;
  DROP TABLE jobs;
  ALTER TABLE jobs_4 RENAME TO jobs;
  CREATE INDEX jobs_live ON jobs (created_at_ms) WHERE state <> 'ended' OR survivors <> '[]';
  CREATE INDEX jobs_created ON jobs (created_at_ms);
  CREATE INDEX jobs_name ON jobs (name);
  CREATE INDEX jobs_ref ON jobs (ref) WHERE ref IS NOT NULL;
  CREATE INDEX jobs_ended ON jobs (ended_at_ms);
  `,
  // The namespace in which the pids of a row are numbers at all; null in older rows.
  `
  ALTER TABLE jobs ADD COLUMN pid_namespace INTEGER;
  `,
  // Where the receipt goes, JSON: a sweep writes it when neither the supervisor nor the guard could. What met its own limits, how often.
  `
  ALTER TABLE jobs ADD COLUMN receipt TEXT;
  ALTER TABLE jobs ADD COLUMN memory_oom_events INTEGER;
  ALTER TABLE jobs ADD COLUMN pids_max_events INTEGER;
  ALTER TABLE jobs ADD COLUMN wait_all INTEGER NOT NULL DEFAULT 0;
  `,
  // Where the output of a detached job goes: an absolute path; null for one whose output is its caller's, and in older rows.
  `
  ALTER TABLE jobs ADD COLUMN output_file TEXT;
  `,
  // What runs at the end of a job, JSON, and when a process claimed to run it.
  `
  ALTER TABLE jobs ADD COLUMN on_end TEXT;
  ALTER TABLE jobs ADD COLUMN on_end_at_ms INTEGER;
  CREATE INDEX jobs_on_end ON jobs (ended_at_ms) WHERE on_end IS NOT NULL AND on_end_at_ms IS NULL AND state = 'ended';
  `,
  // The Slurm job in which a job was started; null for all others, and in older rows.
  `
  ALTER TABLE jobs ADD COLUMN slurm_job INTEGER;
  ALTER TABLE jobs ADD COLUMN slurm_step TEXT;
  ALTER TABLE jobs ADD COLUMN slurm_restarts INTEGER;
  `,
  // Pools and their queue. The ticket is what any corral needs to start a detached job: JSON, null for one whose caller waits.
  `
  ALTER TABLE jobs ADD COLUMN pool TEXT;
  ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN requeue INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN queued_boot_ms INTEGER;
  ALTER TABLE jobs ADD COLUMN queued_boot_id TEXT;
  ALTER TABLE jobs ADD COLUMN queued_ms INTEGER;
  ALTER TABLE jobs ADD COLUMN admitted_boot_ms INTEGER;
  ALTER TABLE jobs ADD COLUMN admitted_boot_id TEXT;
  ALTER TABLE jobs ADD COLUMN failed_starts INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN passed_by INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN ticket TEXT;
  CREATE INDEX jobs_pool ON jobs (pool, state) WHERE pool IS NOT NULL AND (state <> 'ended' OR survivors <> '[]');
  CREATE TABLE pools (
    name TEXT PRIMARY KEY,
    jobs INTEGER
  ) STRICT;
  `,
  // The endings of a store, numbered in the order in which they were committed: no clock tells which are new (endings.ts). The store has a
  // name of its own, for a file in its place is another one. rowid is no such number: SQLite gives that of a dropped last row again.
  // A trigger: a supervisor that was started before an upgrade records its end, too. A migration that rebuilds `jobs` makes it anew.
  `
  CREATE TABLE endings (store TEXT NOT NULL, last INTEGER NOT NULL) STRICT;
  INSERT INTO endings SELECT lower(hex(randomblob(16))), coalesce(max(rowid), 0) FROM jobs;
  ALTER TABLE jobs ADD COLUMN ended_seq INTEGER;
  UPDATE jobs SET ended_seq = rowid WHERE state = 'ended';
  CREATE INDEX jobs_ended_seq ON jobs (ended_seq) WHERE ended_seq IS NOT NULL;
  CREATE TRIGGER jobs_ended_seq_given AFTER UPDATE OF state ON jobs WHEN NEW.state = 'ended' AND OLD.state <> 'ended' BEGIN
    UPDATE endings SET last = last + 1;
    UPDATE jobs SET ended_seq = (SELECT last FROM endings) WHERE id = NEW.id;
  END;
  `,
  // The CPU time after which a job is ended.
  `
  ALTER TABLE jobs ADD COLUMN cpu_time_ms INTEGER;
  `,
  // How the health of a job is checked, and what the last look found: JSON of HealthSpec and HealthState; null for a job without checks.
  // How many endings of each reason were dropped: counts that only grow (ended_counts.ts).
  `
  ALTER TABLE jobs ADD COLUMN health TEXT;
  ALTER TABLE jobs ADD COLUMN health_state TEXT;
  CREATE TABLE dropped_endings (
    reason TEXT PRIMARY KEY,
    jobs INTEGER NOT NULL
  ) STRICT;
  `,
];
