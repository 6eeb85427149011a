"Tests of run.sh, in a temporary folder, with a tiny notebook in the place of nbs/train.ipynb and a page."
import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_notebook

root = Path(__file__).resolve().parent.parent
scratch = tempfile.TemporaryDirectory()
parameters = new_code_cell('config_dir: str = ""\nagent: str = ""\ntest: bool = True')
parameters.metadata.tags = ['parameters']
body = new_code_cell('''import subprocess, time
print(f"progress: {config_dir} agent={agent!r} test={test!r}")
if "bad" in config_dir: raise ValueError("this one is meant to fail")
if "slow" in config_dir: subprocess.run(["sleep", "987"])''')
choices = new_code_cell('run: bool = False\nseeds: int = 3\nsides: str = "3"   # of them\nkind: str = ""')
choices.metadata.tags = ['parameters']
answer = new_code_cell('''print(f"{run=} {seeds=} {sides=} {kind=}")
class DataError(Exception): pass
if kind == "lost": raise DataError("no shapes in logs: make shapes")
if kind == "bad": raise ValueError("this one is meant to fail")''')


def workplace(*names):
    "A temporary tree with the script, the configurations `names` and the notebook."
    top = Path(tempfile.mkdtemp(dir=scratch.name))
    (top / 'scripts').mkdir()
    for name in ['run.sh', 'page.py', 'execute.py']: shutil.copy(root / 'scripts' / name, top / 'scripts')
    shutil.copy(root / 'settings.ini', top)
    (top / '.venv').symlink_to(root / '.venv')
    for name in names:
        (top / 'logs' / name).mkdir(parents=True)
        (top / 'logs' / name / 'config.py').touch()
    kernel = {'kernelspec': {'name': 'python3', 'display_name': 'python3', 'language': 'python'}}
    nbformat.write(new_notebook(cells=[parameters, body], metadata=kernel), top / 'tiny.ipynb')
    (top / 'nbs/pages/shapes').mkdir(parents=True)
    page = new_notebook(cells=[choices, answer], metadata=kernel)
    nbformat.write(page, top / 'nbs/pages/shapes/largest.ipynb')
    return top


def start(top, *names, **env):
    "The script on the configurations `names`; returns the process and what to read its output from."
    command = [top / 'scripts/run.sh', 'train', *(f'logs/{name}' for name in names)]
    env = {**os.environ, 'NOTEBOOK': 'tiny.ipynb', 'INTERVAL': '2', **env}
    return subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ours(top):
    "Processes that run in the tree `top`: papermill, kernels and what these have started."
    found = []
    for p in psutil.process_iter():
        try: found += [p] * (p.status() != psutil.STATUS_ZOMBIE and Path(p.cwd()) == top.resolve())
        except (psutil.NoSuchProcess, psutil.AccessDenied): pass
    return found


def wait_for(condition, seconds=60):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, 'waited in vain'
        time.sleep(0.2)


def test_success_and_failure():
    top = workplace('good', 'bad')
    (top / 'logs/bad/train_seed.ipynb').write_text('the last good one')
    run = start(top, 'good', 'bad/', AGENT='seed', TEST='1')
    printed = run.communicate()[0]
    assert run.returncode == 1, printed
    assert re.search(r'^good: done in \d+s → logs/good/train_seed.ipynb$', printed, re.M), printed
    assert re.search(r'^bad: FAILED \(1\) see logs/bad/run_seed.log$', printed, re.M), printed
    assert 'ValueError: this one is meant to fail' in printed, 'the end of the log is shown'
    assert (top / 'logs/bad/train_seed.ipynb').read_text() == 'the last good one'
    assert (top / 'logs/bad/train_seed.failed.ipynb').exists()
    assert "progress: logs/good agent='seed' test=True" in (top / 'logs/good/run_seed.log').read_text()
    assert str(top) not in (top / 'logs/good/train_seed.ipynb').read_text(), 'a machine path in the notebook'


def test_one_at_a_time():
    top = workplace('a', 'b')
    printed = start(top, 'a', 'b', JOBS='1').communicate()[0]
    assert 'b: waiting for a free core' in printed, printed
    assert "agent='' test=False" in (top / 'logs/b/run.log').read_text()


def test_missing_configuration():
    top = workplace('good')
    run = start(top, 'good', 'none')
    assert 'logs/none/config.py is missing' in run.communicate()[0] and run.returncode == 2
    assert not (top / 'logs/good/run.log').exists(), 'nothing may start'


def page(top, name, *given, **env):
    "Runs a page; returns code, what was printed, and the text of the executed notebook."
    command = [top / 'scripts/run.sh', 'page', name, *given]
    env = {**os.environ, **env}
    run = subprocess.run(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    executed = top / (env.get('OUT', f'logs/pages/{name}') + '.ipynb')
    return run.returncode, run.stdout, executed.read_text() if executed.exists() else ''

def test_page():
    top = workplace()
    given = 'run=1', 'sides=0 1', 'seeds=2', 'members?=10'
    code, said, executed = page(top, 'shapes/largest', *given, ARGS='-p kind good')
    assert code == 0 and re.search('largest: done in .* → logs/pages/shapes/largest.ipynb', said), said
    assert "run=True seeds=2 sides='0 1' kind='good'" in executed, executed
    stored = nbformat.read(top / 'nbs/pages/shapes/largest.ipynb', 4)
    assert not stored.cells[1].outputs, 'in place only with RECORD'

    code, said, executed = page(top, 'shapes/largest', 'sides=4', 'kind=', OUT='logs/other/name', RECORD='1')
    assert code == 0 and "run=False seeds=3 sides='4' kind=''" in executed, said
    stored = nbformat.read(top / 'nbs/pages/shapes/largest.ipynb', 4)
    assert "sides='3' kind=''" in stored.cells[1].outputs[0].text, 'as it is, without the parameters'

def test_mistakes_about_pages():
    top = workplace()
    for name, given, message in [
            ('shapes/largst', (), "no page 'shapes/largst': did you mean shapes/largest?"),
            ('largest', (), "no page 'largest': did you mean shapes/largest?"),
            ('zzz', (), "no page 'zzz': make page lists them"),
            ('', (), 'which page? PAGE= shapes/largest'),
            ('shapes/largest', ['members=10'],
             "shapes/largest has no parameter 'members'; it has run, seeds, sides, kind"),
            ('shapes/largest', ['seeds=some'], "seeds is a number, such as 3, not 'some'"),
            ('shapes/largest', ['run=perhaps'], "run is yes or no, not 'perhaps'")]:
        assert page(top, name, *given)[:2] == (2, message + '\n'), page(top, name, *given)

def test_a_page_that_fails():
    top = workplace()
    code, said, executed = page(top, 'shapes/largest', 'kind=lost')
    assert code == 2 and said.endswith('\nDataError: no shapes in logs: make shapes\n') and not executed, said
    assert 'Traceback' not in said, said
    code, said, executed = page(top, 'shapes/largest', 'kind=bad', RECORD='1')
    assert code == 1 and 'ValueError: this one is meant to fail' in said and not executed, said
    assert (top / 'logs/pages/shapes/largest.failed.ipynb').exists()


def sleeping(top): return sum(p.name() == 'sleep' and '987' in p.cmdline() for p in ours(top))


def test_terminate():
    top = workplace('slow1', 'slow2')
    run = start(top, 'slow1', 'slow2', JOBS='2')
    wait_for(lambda: sleeping(top) == 2)
    run.send_signal(signal.SIGTERM)
    printed = run.communicate(timeout=30)[0]
    assert run.returncode == 143 and 'goes on where' in printed, printed
    assert not ours(top), [p.cmdline() for p in ours(top)]
    assert not list(top.glob('logs/*/*.ipynb'))


def test_control_c():
    "As a user does it: on a terminal, the key goes to the whole foreground process group."
    top = workplace('slow1', 'slow2')
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(NOTEBOOK='tiny.ipynb', JOBS='2', TERM='xterm')
        os.execl(top / 'scripts/run.sh', 'run.sh', 'train', 'logs/slow1', 'logs/slow2')
    wait_for(lambda: sleeping(top) == 2)
    time.sleep(2)
    os.write(terminal, b'\x03')
    printed = b''
    try:
        while data := os.read(terminal, 4096): printed += data
    except OSError: pass                     # how a pseudo-terminal says that the other side is closed
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    assert 'goes on where' in printed.decode()
    assert '\033[2A' in printed.decode(), 'drawn in place'
    assert not ours(top), [p.cmdline() for p in ours(top)]


for name, test in list(globals().items()):
    if not name.startswith('test_'): continue
    began = time.time()
    test()
    print(f'ok  run.sh: {name[5:].replace("_", " ")} ({time.time() - began:.0f} s)')
