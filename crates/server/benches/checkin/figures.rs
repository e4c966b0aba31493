//! What is printed: lines that machines read, as every bench here ends with them.

/// One line.
pub fn figure(name: &str, number: f64, unit: &str) {
    println!("figure {name} {number:.3} {unit}");
}

/// The middle of some numbers.
pub fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
