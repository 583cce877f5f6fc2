/*
 * nasty: the escape corpus. Each case is one way in which a job's processes get away from a supervisor
 * that trusts process groups, sessions, parents, signals, names or its own view of the cgroup.
 *
 *   NASTY_SANDBOX=1 nasty [OPTION…] CASE [N]        `nasty --list` prints the cases
 *
 * A case sets its state up, prints one line "ready" and holds that state for ever. What it cannot do here
 * (no permission, not delegated) it says in a line "skip: …", and goes on with plain children.
 * A set-up that fails prints the reason and ends with status 99.
 *
 * What every case keeps to, so that a test can count survivors and a failing test ruins no machine:
 *  - the environment, CORRAL_JOB_ID in it, stays that of the start in every process;
 *  - no process outlives `--life` seconds (600) after the start: each carries a timer of its own that
 *    sends SIGKILL, which also ends the stopped, the traced and the frozen;
 *  - the number of processes is bounded: N, or `--ceiling` for the cases that fork for ever;
 *  - everything is gone after one write to cgroup.kill of the cgroup it was started in.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SETUP_FAILED = 99, BRANCHES = 3, THREADS = 8, MIB = 1 << 20, MOST_BLOCKS = 4096 };

static struct {
  int count;        /* N, 0 when not given */
  int ceiling;      /* most processes a case that forks for ever keeps alive */
  int exit_code;    /* of a leader that leaves */
  int die_signal;   /* a leader that leaves dies of it instead of exiting */
  int mem_mib;      /* most memory a case touches, all its processes together */
  int uid;          /* to drop to */
  int life_s;
  bool ignore_term;
} opt = { .ceiling = 200, .mem_mib = 256, .uid = 65534, .life_s = 600 };

/* Shared by all processes of a run. */
static struct {
  atomic_int live;
  atomic_int mem_mib;
} *shared;

static int reports[2]; /* pipe: a byte for each process whose part of the state is set up */
static pid_t leader;

/* ---- ground ------------------------------------------------------------------------------------------- */

/* Ends the run: a process that is not the leader tells it so instead of its report. */
static void fail(const char *what) {
  fprintf(stderr, "nasty: cannot %s: %s\n", what, strerror(errno));
  if (getpid() != leader && write(reports[1], "!", 1) < 0) perror("nasty: cannot report");
  _exit(SETUP_FAILED);
}

static void must(bool done, const char *what) {
  if (!done) fail(what);
}

static void arm_alarm(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long left_s = atol(getenv("NASTY_UNTIL")) - now.tv_sec;
  alarm(left_s > 0 ? (unsigned)left_s : 1);
}

/* Ends this process at the run's deadline. Timers survive neither fork nor exec: each process arms its own. */
static void arm(void) {
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
  struct itimerspec at = { .it_value.tv_sec = atol(getenv("NASTY_UNTIL")) };
  int timer = 0;
  if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0)
    syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &at, NULL);
  else /* RLIMIT_SIGPENDING is used up */
    arm_alarm();
}

static void leave(int signal_number) {
  (void)signal_number;
  _exit(0);
}

/* arm() for the init of a pid namespace, which no signal of its own can kill. */
static void arm_namespace_init(void) {
  signal(SIGALRM, leave);
  arm_alarm();
}

static pid_t spawn(void) {
  pid_t pid = fork();
  must(pid >= 0, "fork");
  if (pid == 0) arm();
  return pid;
}

_Noreturn static void hold(void) {
  for (;;) pause();
}

static void report(void) {
  must(write(reports[1], "", 1) == 1, "report");
}

static void await_reports(int expected) {
  char byte;
  while (expected > 0) {
    ssize_t got = read(reports[0], &byte, 1);
    if (got == 1 && byte == '!') _exit(SETUP_FAILED);
    if (got == 1) expected--;
    else must(got < 0 && errno == EINTR, "read a report");
  }
}

static void say(const char *line) {
  must(write(STDOUT_FILENO, line, strlen(line)) >= 0, "write to stdout");
}

static void ready(int expected_reports) {
  await_reports(expected_reports);
  say("ready\n");
}

_Noreturn static void report_and_hold(void) {
  report();
  hold();
}

static void sleep_ms(int ms) {
  struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };
  nanosleep(&time, NULL);
}

static int count_or(int fallback) {
  return opt.count > 0 ? opt.count : fallback;
}

/* A handler that does nothing. Unlike SIG_IGN it is no reason for the kernel to drop the signal. */
static void survive(int signal_number) {
  (void)signal_number;
}

static void on_term(void (*handler)(int)) {
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
  sigaction(SIGTERM, &action, NULL);
}

static void spawn_holders(int count) {
  for (int i = 0; i < count; i++)
    if (spawn() == 0) report_and_hold();
}

static void skip(const char *why) {
  char line[200];
  snprintf(line, sizeof line, "skip: %s\n", why);
  say(line);
  spawn_holders(3);
  ready(3);
}

/* ---- sessions, groups, parents ------------------------------------------------------------------------ */

/* A child in a session of its own: killpg() of the leader's group misses it. */
static void case_setsid(void) {
  if (spawn() == 0) {
    setsid();
    report_and_hold();
  }
  ready(1);
}

/* Fork, setsid, fork: the daemon is nobody's child and leads no session. */
static void spawn_daemon(void) {
  pid_t middle = spawn();
  if (middle > 0) {
    waitpid(middle, NULL, 0);
    return;
  }
  setsid();
  if (spawn() > 0) _exit(0);
  must(chdir("/") == 0, "chdir to /");
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
  report_and_hold();
}

/* Leader leaves at once; N daemons stay. */
static void case_daemons(void) {
  int count = count_or(1);
  for (int i = 0; i < count; i++) spawn_daemon();
  ready(count);
  if (opt.die_signal != 0) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    signal(opt.die_signal, SIG_DFL);
    raise(opt.die_signal);
  }
  _exit(opt.exit_code);
}

/* Makes `size` descendants: every third in a new session, every third in a new process group. */
static void grow(int size) {
  for (int i = 0; i < BRANCHES && size > 0; i++) {
    int share = (size + BRANCHES - i - 1) / (BRANCHES - i);
    if (spawn() == 0) {
      if (i == 0) setsid();
      if (i == 1) setpgid(0, 0);
      grow(share - 1);
      report_and_hold();
    }
    size -= share;
  }
}

/* N processes, the leader among them. */
static void case_tree(void) {
  int descendants = count_or(1000) - 1;
  grow(descendants);
  ready(descendants);
}

/* Daemons that come back to the leader as its children, not to init. */
static void case_subreaper(void) {
  must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "become a subreaper");
  for (int i = 0; i < 3; i++) spawn_daemon();
  ready(3);
}

/* The child is the supervisor's own child, a sibling of the leader. */
static void case_clone_parent(void) {
  long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  must(pid >= 0, "clone with CLONE_PARENT");
  if (pid == 0) {
    arm();
    setsid();
    report_and_hold();
  }
  ready(1);
}

/* A pid namespace: the pids inside are others than outside, and its init is immune to a default SIGTERM. */
static void case_namespaces(void) {
  long pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) {
    skip("no new pid namespace permitted");
    return;
  }
  if (pid == 0) {
    arm_namespace_init();
    grow(9);
    report_and_hold();
  }
  ready(10);
}

/* K children exited and never waited for, one alive. */
static void case_zombie_parent(void) {
  int zombies = count_or(50);
  for (int i = 0; i < zombies; i++) {
    pid_t pid = spawn();
    siginfo_t info;
    if (pid == 0) _exit(i % 256);
    must(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0, "see a child exit");
  }
  spawn_holders(1);
  ready(1);
}

/* ---- forking for ever --------------------------------------------------------------------------------- */

/* Pause of a process that found the ceiling reached. It grows with the ceiling: some 500 a second leave. */
static void rest(unsigned *seed) {
  sleep_ms(1 + rand_r(seed) % (2 * opt.ceiling + 1));
}

/* fork() unless the ceiling is reached: -1 then, and where a pids limit refuses. */
static pid_t fork_below_ceiling(void) {
  pid_t pid = -1;
  if (atomic_fetch_add(&shared->live, 1) < opt.ceiling) pid = fork();
  if (pid < 0) atomic_fetch_sub(&shared->live, 1);
  if (pid == 0) arm();
  return pid;
}

/* Every process forks until there is no more room; then half of them leave to make some. SIGTERM is ignored. */
static void case_fork_bomb(void) {
  bool told = false;
  signal(SIGCHLD, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  for (;;) {
    if (fork_below_ceiling() >= 0) continue;
    if (getpid() == leader && !told) {
      told = true;
      ready(0);
    }
    unsigned seed = (unsigned)getpid() ^ (unsigned)clock();
    rest(&seed);
    if (getpid() == leader || rand_r(&seed) % 2 == 0) continue;
    atomic_fetch_sub(&shared->live, 1);
    _exit(0);
  }
}

static void *fork_for_ever(void *argument) {
  unsigned seed = (unsigned)(uintptr_t)argument;
  bool told = false;
  for (;;) {
    pid_t pid = fork_below_ceiling();
    if (pid == 0) {
      rest(&seed);
      atomic_fetch_sub(&shared->live, 1);
      _exit(0);
    }
    if (!told) report();
    told = true;
    if (pid < 0) rest(&seed);
  }
  return NULL;
}

/* All threads of one process fork: a listing of the tree is old before it is finished. */
static void case_thread_fork(void) {
  signal(SIGCHLD, SIG_IGN);
  for (uintptr_t i = 0; i < THREADS; i++) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, fork_for_ever, (void *)(i + 1)) == 0, "start a thread");
  }
  ready(THREADS);
}

static void fork_on_term(int signal_number) {
  (void)signal_number;
  if (fork_below_ceiling() != 0) return;
  setsid();
  hold();
}

/* SIGTERM ends nobody and doubles everybody. */
static void case_term_forks(void) {
  on_term(fork_on_term);
  spawn_holders(4);
  ready(4);
}

/* Executes itself again and again under changing names, and so does a child. */
static void case_exec_loop(void) {
  char name[40], round[20];
  if (opt.count == 0 && spawn() == 0) {
    setsid();
    opt.count = 1; /* only the leader passes round 1, where "ready" is said */
  }
  if (opt.count == 1 && getpid() == leader) ready(0);
  opt.count = opt.count % 1000000 + 1;
  snprintf(name, sizeof name, "round) R %d\n", opt.count);
  snprintf(round, sizeof round, "%d", opt.count);
  execl("/proc/self/exe", name, "exec-loop", round, (char *)NULL);
  fail("exec itself");
}

/* ---- signals, stops, holds ---------------------------------------------------------------------------- */

/* Ignores or blocks every signal that can be. */
static void case_ignore_term(void) {
  sigset_t all;
  for (int number = 1; number < NSIG; number++) signal(number, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  spawn_holders(2);
  if (spawn() == 0) {
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    report_and_hold();
  }
  ready(3);
}

static pid_t spawn_stopped(void) {
  pid_t pid = spawn();
  if (pid == 0) {
    for (;;) raise(SIGSTOP);
  }
  must(waitpid(pid, NULL, WUNTRACED) == pid, "see a child stop");
  return pid;
}

/* All stopped, the leader too: SIGTERM stays pending until somebody sends SIGCONT. */
static void case_stop_self(void) {
  for (int i = 0; i < 3; i++) spawn_stopped();
  ready(0);
  for (;;) raise(SIGSTOP);
}

/* One child attached to, one that asked for it and would stop once more on its way out. */
static void case_ptraced(void) {
  pid_t attached = spawn();
  if (attached == 0) hold();
  must(ptrace(PTRACE_ATTACH, attached, 0, 0) == 0, "attach to a child");
  pid_t asking = spawn();
  if (asking == 0) {
    must(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0, "ask to be traced");
    for (;;) raise(SIGSTOP);
  }
  must(waitpid(attached, NULL, 0) == attached && waitpid(asking, NULL, 0) == asking, "see the children stop");
  must(ptrace(PTRACE_SETOPTIONS, asking, 0, (void *)PTRACE_O_TRACEEXIT) == 0, "set ptrace options");
  signal(SIGTERM, SIG_IGN);
  ready(0);
}

/* The leader waits in the kernel, in state D, for a child that neither execs nor exits. */
static void case_vfork(void) {
  signal(SIGTERM, SIG_IGN);
  if (vfork() == 0) {
    arm();
    ready(0);
    hold();
  }
}

static void *say_ready_after(void *main_thread) {
  must(pthread_join(*(pthread_t *)main_thread, NULL) == 0, "see the main thread end");
  ready(0);
  hold();
}

/* The main thread is gone: /proc shows a zombie, and the process lives. */
static void case_dead_main_thread(void) {
  static pthread_t self;
  pthread_t thread;
  self = pthread_self();
  must(pthread_create(&thread, NULL, say_ready_after, &self) == 0, "start a thread");
  pthread_exit(NULL);
}

/* ---- identity ----------------------------------------------------------------------------------------- */

/* A child of another uid: kill() from the user who started the job is refused. */
static void case_other_uid(void) {
  if (geteuid() != 0) {
    skip("only root may change its uid");
    return;
  }
  if (spawn() == 0) {
    must(setgroups(0, NULL) == 0 && setgid((gid_t)opt.uid) == 0, "drop the groups");
    must(setuid((uid_t)opt.uid) == 0, "drop to the other uid");
    setsid();
    spawn_holders(2);
    report_and_hold();
  }
  ready(3);
}

/* Names that end a naive parser of /proc/PID/stat early, or write to a terminal. */
static void case_names(void) {
  static const char *const names[] = {
    "a) R 1 1 1 1 1", ")))))", "(", "", " ", "x\nCorral: y", "\033[2J\033[31m", "\xff\xfe",
  };
  int count = (int)(sizeof names / sizeof *names);
  for (int i = 0; i < count; i++) {
    if (spawn() == 0) {
      prctl(PR_SET_NAME, names[i]);
      report_and_hold();
    }
  }
  ready(count);
  prctl(PR_SET_NAME, "nasty) Z 0 0 0");
}

static void case_close_fds(void) {
  if (spawn() == 0) {
    report();
    syscall(SYS_close_range, 0u, ~0u, 0u);
    hold();
  }
  ready(1);
  syscall(SYS_close_range, 0u, ~0u, 0u);
}

/* ---- memory ------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t dying;

static void start_dying(int signal_number) {
  (void)signal_number;
  dying = 1;
}

/* Touches memory as fast as it can, up to the ceiling of the whole run; gives it back and starts again. */
_Noreturn static void devour(void) {
  for (;;) {
    char *blocks[MOST_BLOCKS];
    int held = 0, taken = 0;
    while (taken < MOST_BLOCKS) {
      taken++;
      if (atomic_fetch_add(&shared->mem_mib, 1) >= opt.mem_mib) break;
      blocks[held] = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (blocks[held] == MAP_FAILED) break;
      memset(blocks[held++], 1, MIB);
    }
    while (held > 0) munmap(blocks[--held], MIB);
    atomic_fetch_sub(&shared->mem_mib, taken);
  }
}

/* On SIGTERM each process forks and starts to fill memory. */
static void case_memory_while_dying(void) {
  sigset_t term, none;
  sigemptyset(&none);
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, NULL); /* so that the signal cannot come between the test and the wait */
  on_term(start_dying);
  if (spawn() > 0) ready(1);
  else report();
  while (!dying) sigsuspend(&none);
  fork_below_ceiling();
  devour();
}

/* ---- cgroups ------------------------------------------------------------------------------------------ */

/* Reads the line of /proc/self/`file` that `pick` accepts, and leaves what it wants of it in `out`. */
static void read_proc_line(const char *file, bool (*pick)(char *line, char *out), char out[PATH_MAX]) {
  char line[PATH_MAX * 2];
  FILE *stream = fopen(file, "re");
  must(stream != NULL, file);
  bool found = false;
  while (!found && fgets(line, sizeof line, stream) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    found = pick(line, out);
  }
  fclose(stream);
  errno = ENOENT;
  must(found, file);
}

static bool pick_cgroup2_membership(char *line, char *out) {
  if (strncmp(line, "0::", 3) != 0) return false;
  snprintf(out, PATH_MAX, "%s", line + 3);
  return true;
}

/* "36 35 98:0 ROOT POINT OPTIONS … - cgroup2 …" gives "ROOT POINT". */
static bool pick_cgroup2_mount(char *line, char *out) {
  char root[PATH_MAX], point[PATH_MAX];
  if (strstr(line, " - cgroup2 ") == NULL) return false;
  if (sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2) return false;
  snprintf(out, PATH_MAX, "%.2000s %.2000s", root, point);
  return true;
}

/* Directory of the cgroup2 this process is in. */
static void find_own_cgroup(char out[PATH_MAX]) {
  char path[PATH_MAX], mount[PATH_MAX];
  read_proc_line("/proc/self/cgroup", pick_cgroup2_membership, path);
  read_proc_line("/proc/self/mountinfo", pick_cgroup2_mount, mount);
  char *point = strchr(mount, ' ');
  *point++ = '\0';
  size_t hidden = strcmp(mount, "/") == 0 ? 0 : strlen(mount);
  if (strncmp(path, mount, hidden) != 0) hidden = 0;
  snprintf(out, PATH_MAX, "%.2000s%.2000s", point, path + hidden);
}

static bool write_control(const char *directory, const char *name, const char *value) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool done = write(fd, value, strlen(value)) >= 0;
  close(fd);
  return done;
}

/* A child in a cgroup of its own below `parent`, whose path is left in `path`. False: not permitted. */
static bool spawn_in_child_cgroup(const char *parent, const char *name, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "%.3900s/%s", parent, name);
  if (mkdir(path, 0755) != 0 && errno != EEXIST) return false;
  if (spawn() == 0) {
    must(write_control(path, "cgroup.procs", "0"), "move into the nested cgroup");
    report_and_hold();
  }
  return true;
}

/* Children in nested cgroups, some with names that no shell, unit file or line-wise reader expects. */
static void case_nested_cgroups(void) {
  static const char *const odd[] = {
    "two words", "tab\there", "-dash", "\033[31mred", "glob*?[x]", "caf\xc3\xa9",
  };
  int count = (int)(sizeof odd / sizeof *odd), depth = count_or(5);
  char own[PATH_MAX], parent[PATH_MAX], path[PATH_MAX];
  find_own_cgroup(own);
  memcpy(parent, own, sizeof parent);
  for (int level = 0; level < depth; level++) {
    if (!spawn_in_child_cgroup(parent, "nested", path)) {
      skip("not delegated");
      return;
    }
    memcpy(parent, path, sizeof parent);
  }
  for (int i = 0; i < count; i++) must(spawn_in_child_cgroup(own, odd[i], path), "make a cgroup");
  ready(depth + count);
}

/* `cgroup.events` says frozen once every process below is. */
static void await_frozen(const char *directory) {
  char path[PATH_MAX], events[200] = "";
  snprintf(path, sizeof path, "%.3900s/cgroup.events", directory);
  for (int tries = 0; strstr(events, "frozen 1") == NULL; tries++) {
    must(tries < 5000, "see the nested cgroup freeze");
    FILE *stream = fopen(path, "re");
    must(stream != NULL, path);
    events[fread(events, 1, sizeof events - 1, stream)] = '\0';
    fclose(stream);
    sleep_ms(1);
  }
}

/*
 * Children frozen by the job. A signal they handle reaches them only if somebody thaws a cgroup he did not
 * freeze; one with a fatal default would end them frozen (Linux 6.18: complete_signal() turns it into SIGKILL).
 */
static void case_nested_frozen(void) {
  char own[PATH_MAX], nested[PATH_MAX];
  on_term(survive);
  find_own_cgroup(own);
  if (!spawn_in_child_cgroup(own, "frozen", nested)) {
    skip("not delegated");
    return;
  }
  must(spawn_in_child_cgroup(own, "frozen", nested), "fill the nested cgroup");
  await_reports(2);
  must(write_control(nested, "cgroup.freeze", "1"), "freeze the nested cgroup");
  await_frozen(nested);
  ready(0);
}

/* The job freezes itself, leader and all. */
static void case_frozen_self(void) {
  char own[PATH_MAX];
  on_term(survive);
  find_own_cgroup(own);
  spawn_holders(2);
  await_reports(2);
  say("ready\n"); /* there is no later moment */
  if (!write_control(own, "cgroup.freeze", "1")) say("skip: not delegated\n");
}

static void forbid_files(const char *directory) {
  DIR *stream = opendir(directory);
  if (stream == NULL) return;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
    if (entry->d_type == DT_REG) fchmodat(dirfd(stream), entry->d_name, 0, 0);
  closedir(stream);
}

/*
 * Mode 000 on every control file from its own cgroup up to the job's topmost directory, the last one whose
 * name holds the job's id, and then on the directories: bottom up, for the way down is closed afterwards.
 */
static void case_chmod_000(void) {
  char path[PATH_MAX];
  const char *id = getenv("CORRAL_JOB_ID");
  on_term(survive);
  spawn_holders(2);
  await_reports(2);
  find_own_cgroup(path);
  bool delegated = id != NULL && access(path, W_OK) == 0;
  while (delegated) {
    char *name = strrchr(path, '/');
    if (name == NULL || strstr(path, id) == NULL) break;
    forbid_files(path);
    must(chmod(path, 0) == 0, "chmod the cgroup");
    *name = '\0';
  }
  if (!delegated) say("skip: not delegated\n");
  ready(0);
}

/* ---- the table ---------------------------------------------------------------------------------------- */

/* What a bystander does. */
static void case_idle(void) {
  ready(0);
}

/* A case that returns has its leader hold. */
static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
  { "idle", case_idle },
  { "setsid", case_setsid },
  { "daemons", case_daemons },
  { "tree", case_tree },
  { "subreaper", case_subreaper },
  { "clone-parent", case_clone_parent },
  { "namespaces", case_namespaces },
  { "zombie-parent", case_zombie_parent },
  { "fork-bomb", case_fork_bomb },
  { "thread-fork", case_thread_fork },
  { "term-forks", case_term_forks },
  { "exec-loop", case_exec_loop },
  { "ignore-term", case_ignore_term },
  { "stop-self", case_stop_self },
  { "ptraced", case_ptraced },
  { "vfork", case_vfork },
  { "dead-main-thread", case_dead_main_thread },
  { "other-uid", case_other_uid },
  { "names", case_names },
  { "close-fds", case_close_fds },
  { "memory-while-dying", case_memory_while_dying },
  { "nested-cgroups", case_nested_cgroups },
  { "nested-frozen", case_nested_frozen },
  { "frozen-self", case_frozen_self },
  { "chmod-000", case_chmod_000 },
};

enum { CASES = sizeof cases / sizeof *cases };

static void list_cases(void) {
  for (int i = 0; i < CASES; i++) puts(cases[i].name);
  exit(0);
}

_Noreturn static void usage(void) {
  fputs("usage: NASTY_SANDBOX=1 nasty [--life S] [--ceiling N] [--exit CODE] [--die SIGNAL] [--mib N] [--uid UID]\n"
        "                             [--ignore-term] CASE [N]\n"
        "       nasty --list\n", stderr);
  exit(2);
}

static void parse(int argc, char **argv) {
  static const struct option known[] = {
    { "life", required_argument, NULL, 'l' }, { "ceiling", required_argument, NULL, 'c' },
    { "exit", required_argument, NULL, 'e' }, { "die", required_argument, NULL, 'd' },
    { "mib", required_argument, NULL, 'm' },  { "uid", required_argument, NULL, 'u' },
    { "ignore-term", no_argument, NULL, 'i' }, { "list", no_argument, NULL, 'L' },
    { NULL, 0, NULL, 0 },
  };
  for (int letter; (letter = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    int number = optarg != NULL ? atoi(optarg) : 0;
    if (letter == 'l') opt.life_s = number;
    else if (letter == 'c') opt.ceiling = number;
    else if (letter == 'e') opt.exit_code = number;
    else if (letter == 'd') opt.die_signal = number;
    else if (letter == 'm') opt.mem_mib = number;
    else if (letter == 'u') opt.uid = number;
    else if (letter == 'i') opt.ignore_term = true;
    else if (letter == 'L') list_cases();
    else usage();
  }
  if (optind + 1 < argc) opt.count = atoi(argv[optind + 1]);
}

/* The deadline is one for all processes and outlives an exec, so it travels in the environment. */
static void set_deadline(void) {
  struct timespec now;
  char until[20];
  clock_gettime(CLOCK_MONOTONIC, &now);
  snprintf(until, sizeof until, "%ld", now.tv_sec + opt.life_s);
  setenv("NASTY_UNTIL", until, 0);
  if (atol(getenv("NASTY_UNTIL")) <= now.tv_sec) exit(0);
  arm();
}

int main(int argc, char **argv) {
  parse(argc, argv);
  const char *sandbox = getenv("NASTY_SANDBOX");
  if (sandbox == NULL || strcmp(sandbox, "1") != 0) {
    fputs("nasty: refused: set NASTY_SANDBOX=1 where a fork bomb may run\n", stderr);
    return 2;
  }
  if (optind >= argc) usage();
  set_deadline();
  leader = getpid();
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  must(shared != MAP_FAILED, "share memory");
  must(pipe2(reports, O_CLOEXEC) == 0, "make a pipe");
  if (opt.ignore_term) signal(SIGTERM, SIG_IGN);
  for (int i = 0; i < CASES; i++) {
    if (strcmp(cases[i].name, argv[optind]) != 0) continue;
    cases[i].run();
    hold();
  }
  fprintf(stderr, "nasty: no case %s\n", argv[optind]);
  return 2;
}
